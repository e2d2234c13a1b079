"""At what price: tariffs, their versions and the rating kernel."""
