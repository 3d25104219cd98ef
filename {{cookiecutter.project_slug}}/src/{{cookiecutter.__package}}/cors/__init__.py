"""Cross-origin requests: who may send them, and what becomes of the others.

- `rulebook`: what a policy may hold.
- `policy`: the policy of an environment, from `environments.toml` and the presets.
- `middleware`: the wiring.
- `guard`: which requests go on to the API.
- `answers`: what every answer says.
- `refusals`: what is told of a refusal.
"""

from .middleware import CrossOriginAPI
from .policy import ConfigurationError, Policy, load_policy

__all__ = ["ConfigurationError", "CrossOriginAPI", "Policy", "load_policy"]
