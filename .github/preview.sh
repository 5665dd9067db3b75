#!/usr/bin/env bash
# Previews the stacks in $STACKS and lets the guard judge each. The summary goes to the run's page and to the step's output
# `summary`. Fails with the worst of all exit codes. WHITELIST_ONLY=true, EXPECT_NO_CHANGES=true: see preview.yml.
set -uo pipefail

# GitHub takes 65,536 characters a comment.
most=60000

judging=()
if [[ ${WHITELIST_ONLY:-} == true ]]; then judging+=(--whitelist-only); fi
previewing=()
if [[ ${EXPECT_NO_CHANGES:-} == true ]]; then previewing+=(--refresh --expect-no-changes); fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
summary=$folder/summary.md
worst=0

for stack in $STACKS; do
  preview=$folder/preview.json
  pulumi preview --stack "$stack" --non-interactive --json --show-sames "${previewing[@]}" >"$preview"
  previewed=$?
  printf '## %s\n\n' "$stack" >>"$summary"
  npx --no-install portico guard "$preview" --markdown "${judging[@]}" >>"$summary"
  judged=$?
  printf '\n' >>"$summary"
  for code in "$previewed" "$judged"; do ((code > worst)) && worst=$code; done
done

cat "$summary"
if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat "$summary" >>"$GITHUB_STEP_SUMMARY"; fi
if [[ -n ${GITHUB_OUTPUT:-} ]]; then
  # A word that nobody who writes a note can guess, so that the summary can't end early and set another output.
  end=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  { printf 'summary<<%s\n' "$end"; head -c "$most" "$summary"; printf '\n%s\n' "$end"; } >>"$GITHUB_OUTPUT"
fi
exit "$worst"
