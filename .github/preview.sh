#!/usr/bin/env bash
# Previews the stacks in $STACKS into the folder $PREVIEWS, for judge.sh: <stack>.json, and <stack>.code, what the CLI exited with.
# A preview that fails is judge.sh's to tell. EXPECT_NO_CHANGES=true: see preview.yml.
set -uo pipefail

previewing=()
if [[ ${EXPECT_NO_CHANGES:-} == true ]]; then previewing+=(--refresh --expect-no-changes); fi

mkdir -p "$PREVIEWS"
for stack in $STACKS; do
  pulumi preview --stack "$stack" --non-interactive --json --show-sames "${previewing[@]}" >"$PREVIEWS/$stack.json"
  echo $? >"$PREVIEWS/$stack.code"
done
