"""Runs the code that a page of the documents shows, and says where the page is wrong.

- `pages`: the fences of a page.
- `running`: what runs a fence of each language; `RUNNERS` is the table of them.
- `shells`, `browsers`, `proxies`, `answers`: the runners that need more than a few lines.
- `worker`: the process in a generated project's environment, for Python, HTTP and policies.
"""
