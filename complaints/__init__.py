"""What went wrong: complaints, reports, requests, fault reports, questions and praise, on one engine."""
