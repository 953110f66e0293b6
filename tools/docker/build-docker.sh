#!/usr/bin/env bash
# Build the container image openstack-mistral:latest from this checkout; the first argument gives it
# another name.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
exec docker build --file "$root/tools/docker/Dockerfile" --tag "${1:-openstack-mistral:latest}" "$root"
