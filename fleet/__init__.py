"""Many projects of this template: which are behind, which origins they trust, update them.

`python -m fleet` needs the environment of cookiecutter, and git for updates.

- `template`: the template around this folder: its name, its version, the rules of a policy.
- `projects`: finds the projects below folders, and reads what they say about themselves.
- `versions`, `origins`, `updates`: the three commands, for one project each.
- `generator`: generates projects by any version of the template.
- `repositories`: git, without running a program that a checkout names.
- `reports`: what a command has found, as text or JSON.

A checkout is untrusted data: none of its code is run, and no name in it reaches a terminal as is.
"""
