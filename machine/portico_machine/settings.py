"""Who this machine is: what user data wrote, and systemd gives as environment."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    bucket: str
    region: str
    deployment: str
    machine: str

    @property
    def prefix(self) -> str:
        """Of this machine's keys in the bucket."""
        return f"{self.deployment}/{self.machine}/"

    @property
    def report(self) -> str:
        """Key of what this machine says of itself."""
        return f"reported/{self.deployment}/{self.machine}/machine.json"


def read_settings() -> Settings:
    names = ("BUCKET", "REGION", "DEPLOYMENT", "MACHINE")
    return Settings(*(os.environ[f"PORTICO_{name}"] for name in names))
