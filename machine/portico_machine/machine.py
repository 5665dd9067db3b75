"""One look at everything: follow the bucket, make the machine so, report."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import Callable

from . import container, files, log, paths
from .bucket import LONGEST, Bucket, Documents
from .command import Backoff, Trouble, hurry
from .container import Container
from .host import DataVolume, Peers, ensure_engine
from .image import Images
from .report import Report, waits_for
from .settings import Settings
from .wanted import Wanted

SERVICE = "machine/portico-machine"
SERVICE_EVERY = 60
FOLLOW = 9
"""Seconds between two looks at the bucket: each costs the CLI's start, much on a small machine."""


class Machine:
    def __init__(self, settings: Settings) -> None:
        self._bucket = Bucket(settings.bucket, settings.region)
        self._documents = Documents(self._bucket, settings.prefix)
        self._report = Report(self._bucket, settings.report, settings.machine)
        self._images = Images(self._bucket)
        self._volume = DataVolume()
        self._peers = Peers()
        self._renewing, self._following, self._installing = Backoff(), Backoff(), Backoff()
        self._asking = Backoff(longest=8)
        self._container: Container | None = None
        self._follow_due = 0.0
        # Not at once: where the newer one is damaged, the loader starts this one again, which has work to do.
        self._service_due = time.monotonic() + SERVICE_EVERY
        self._said: dict[str, str] = {}

    def look(self, now: bool) -> bool:
        """Whether all is well and quiet. `now`: nothing waits for its next try, or for the bucket's next turn."""
        if now:
            self._follow_due = self._service_due = 0.0
            hurry()
        problems = [
            # Apart from each other: a document that this service can't read may be why there is a newer one.
            self._try("service", lambda: self._renewing.attempt(self._follow_service)),
            self._try("bucket", lambda: self._following.attempt(self._follow)),
            self._try("machine", self._converge),
        ]
        problem = ". ".join(filter(None, problems)) or None
        self._try("report", lambda: self._report.tell(self._container, problem))
        return problem is None and self._container is not None and self._container.healthy

    def _try(self, what: str, act: Callable[[], None]) -> str | None:
        """Gives the reason why not. Each reason is logged once, and its end too."""
        try:
            act()
            problem = ""
        except (Trouble, OSError) as trouble:
            problem = str(trouble)
        said = self._said.get(what, "")
        if problem and problem != said:
            log.warn(problem)
        elif said and not problem:
            log.info(f"no longer: {said}")
        self._said[what] = problem
        return problem or None

    def _follow(self) -> None:
        if time.monotonic() < self._follow_due:
            return
        self._documents.follow()
        self._follow_due = time.monotonic() + FOLLOW

    def _follow_service(self) -> None:
        """A newer service is fetched by the loader, when this one has ended."""
        if time.monotonic() < self._service_due:
            return
        running = json.loads(files.read(paths.SERVICE_OBJECT) or "{}").get("ETag")
        if running and self._bucket.look_up(SERVICE).etag != running:
            log.info("the bucket holds another version of this service: starts again to get it")
            raise SystemExit(0)
        self._service_due = time.monotonic() + SERVICE_EVERY

    def _converge(self) -> None:
        wanted = self._documents.wanted
        # Not to report as healthy what could not be looked at.
        self._container = None
        if wanted is None:
            return
        self._peers.ensure()
        self._installing.attempt(ensure_engine)
        self._container = container.inspect()
        if wanted.volume is not None:
            self._volume.ensure(wanted.volume)
        try:
            self._run(wanted, self._container)
        finally:
            self._container = container.inspect()

    def _run(self, wanted: Wanted, found: Container | None) -> None:
        if found is None or found.image != wanted.image:
            self._change(wanted, found)
            return
        if found.memory != wanted.memory:
            container.resize(wanted.memory)
            log.info(f"the container may use {wanted.memory} MiB, {found.memory} before")
        if found.stopped:
            container.start()
            log.info(f"started the container, which was {found.state}")

    def _change(self, wanted: Wanted, found: Container | None) -> None:
        try:
            self._images.ensure(wanted.image)
            if found is not None:
                self._await_turn(wanted)
        except Trouble:
            # Until there is a better one, the old container is to run.
            if found is not None and found.stopped:
                container.start()
            raise
        if not self._documents.complete:
            raise Trouble("the container's files are not there yet")
        if found is not None:
            log.info(f"ends the container of {found.image}")
            container.remove(wanted.role)
        container.create(wanted)
        log.info(f"started a container of {wanted.image}")

    def _await_turn(self, wanted: Wanted) -> None:
        if wanted.after is not None:
            key, path = wanted.after, f"{paths.STATE}/other.json"
            self._asking.attempt(lambda: self._ask(wanted.image, key, path))

    def _ask(self, image: str, key: str, path: str) -> None:
        try:
            found = self._bucket.look_up(key)
            if found.size > LONGEST:
                raise Trouble(f"{key} is over {LONGEST} bytes")
            self._bucket.fetch(key, found, path)
        except Trouble as trouble:
            raise Trouble(f"the new image waits for another machine: {trouble}") from trouble
        why = waits_for(image, files.read(path) or "", datetime.now(timezone.utc))
        if why is not None:
            raise Trouble(f"the new image waits for another machine: {why}")
