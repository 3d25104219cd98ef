"""What a browser would do with a request: simulated, and shown by a command and a page.

- `browser`: the requests that a browser sends, and what it checks in the responses.
- `page`: the page at `/docs/cors`, in the local environment only; `page.html` is its markup.

The command is `__main__` of the package around.
"""
