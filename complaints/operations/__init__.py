"""What is done with cases, one function a step."""
