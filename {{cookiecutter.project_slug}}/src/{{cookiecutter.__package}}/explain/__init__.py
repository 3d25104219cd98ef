"""What a browser would do: asked of a policy, and told by a command and a page.

- `browser`: what is sent for a page, and what its browser makes of the answers.
- `__main__`: the command.
- `page`: the page at `/docs/cors`, on developers' machines alone; `page.html` is its text.
"""
