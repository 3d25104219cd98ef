"""What a browser would do with a request: simulated in `browser`, shown by a page and a command."""
