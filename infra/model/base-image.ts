/**
 * What all images start from: debian:trixie-20260918-slim (13.7), for every architecture. By its digest, as Docker's own list of the
 * official images tells it (docker-library/repo-info), so that a newer one comes by a commit and not by itself. Dockerfiles name the same.
 */
export const BASE_IMAGE =
  "debian@sha256:a99cfc517144bc59b1978475ec53b46ecabec7e43635402ee5b77cc54cd1b20a";
