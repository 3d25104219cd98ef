"""A cross-origin policy for a FastAPI: which pages may call it from a browser, and how.

This folder belongs to the template: an update replaces it. Use only what is listed in `__all__`.

- `SecuredFastAPI(policy, **options)`: a FastAPI with the policy around everything that it answers.
- `PolicySettings`: settings, by pydantic-settings, that name the environment; `.policy` is its own.
- `Policy`, `load_policy(environment)`: a checked table of `environments.toml`.
- `ConfigurationError`: raised with every problem at once.

`python -m PACKAGE.cors` shows the policies, and explains what a browser would do.
"""

from .application import SecuredFastAPI
from .document import ConfigurationError
from .policy import Policy, load_policy
from .settings import PolicySettings

__all__ = ["ConfigurationError", "Policy", "PolicySettings", "SecuredFastAPI", "load_policy"]
