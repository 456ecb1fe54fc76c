"""profile: where the time and the memory of training steps go."""

from .profile import Profile, profile
from .records import Cost

__all__ = ["Cost", "Profile", "profile"]
