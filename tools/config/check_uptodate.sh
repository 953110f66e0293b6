#!/usr/bin/env bash
# Tell whether the generated configuration sample is up to date: exit status 1 and the difference if
# it is not. The first argument names the sample (etc/mistral.conf.sample).

set -euo pipefail

# shellcheck source=tools/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

sample=${1:-$root/etc/mistral.conf.sample}
bin=${MISTRAL_VENV:-$root/.venv}/bin

[[ -f $sample ]] || die "there is no $sample; make it with: tox -e genconfig"
diff -u "$sample" <("$bin/oslo-config-generator" \
  --config-file "$root/tools/config/config-generator.mistral.conf" --output-file /dev/stdout) ||
  die "$sample is out of date; refresh it with: tox -e genconfig"
