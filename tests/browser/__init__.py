"""A real browser agrees with the policy: what pages of which origins may do to a generated API."""
