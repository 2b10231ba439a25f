"""What does it cost? One `bench_<question>.py` per question; `README.md` says how they measure and what they do not show."""
