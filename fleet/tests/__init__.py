"""What `python -m fleet` promises, through its command."""
