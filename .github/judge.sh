#!/usr/bin/env bash
# Lets the guard judge the previews of the stacks in $STACKS, which preview.sh left in the folder $PREVIEWS. The summary goes to the run's
# page and to the step's output `summary`. Fails with the worst of all exit codes, the CLI's too. WHITELIST_ONLY=true: see preview.yml.
set -uo pipefail

# GitHub takes 65,536 characters a comment.
most=60000

judging=()
if [[ ${WHITELIST_ONLY:-} == true ]]; then judging+=(--whitelist-only); fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
summary=$folder/summary.md
worst=0

for stack in $STACKS; do
  # The code of a pull request wrote them: a number, or the preview didn't end.
  previewed=$(head -c 3 "$PREVIEWS/$stack.code" | tr -cd 0-9)
  printf '## %s\n\n' "$stack" >>"$summary"
  npx --no-install portico guard "$PREVIEWS/$stack.json" --markdown "${judging[@]}" >>"$summary"
  judged=$?
  printf '\n' >>"$summary"
  for code in "${previewed:-2}" "$judged"; do ((10#$code > worst)) && worst=$code; done
done

cat "$summary"
if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat "$summary" >>"$GITHUB_STEP_SUMMARY"; fi
if [[ -n ${GITHUB_OUTPUT:-} ]]; then
  # A word that nobody who writes a note can guess, so that the summary can't end early and set another output.
  end=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  { printf 'summary<<%s\n' "$end"; head -c "$most" "$summary"; printf '\n%s\n' "$end"; } >>"$GITHUB_OUTPUT"
fi
exit "$worst"
