#!/bin/sh
# Sends runs to Studio Metrics beside your work, with curl: nothing here blocks or fails the script that calls it.
#
# Try it: `sh send.sh`. In a script copy all but the last lines, and give it each run: `send_run '{…}'`.
# STUDIO_URL is the address, STUDIO_KEY the key where one is needed, STUDIO_SPOOL a folder where what waits outlives this script.
studio="${STUDIO_URL:-http://127.0.0.1:3000}"
studio="${studio%/}"
spool="${STUDIO_SPOOL:-}"
key="${STUDIO_KEY:+x-api-key: $STUDIO_KEY}"
patience=600 # seconds; curl tries again after 1, 2, 4, 8 … of them, or when Retry-After says
most=1000    # runs in the spool; beyond them the oldest are given up

# Returns at once. An array of up to 1,000 runs goes as one call, in which each is answered by itself.
send_run() {
  file=""
  if [ -n "$spool" ]; then
    file=$(keep "$1") || say "a run is sent without being kept in $spool: $1"
  fi
  deliver "$1" "$file" &
}

# Whether everything in the text has arrived. What is answered for good leaves the spool.
deliver() {
  answer=$(printf '%s' "$1" | curl --no-progress-meter --data-binary @- --header 'content-type: application/json' \
    --max-time 40 --retry 1000 --retry-all-errors --retry-max-time "$patience" \
    --write-out ' %{http_code}' --config /dev/fd/3 "$studio/api/metrics/campaign" 3<<EOF
header = "$key"
EOF
  )
  case "${answer##* } $answer" in
  2*'"status":"refused"'* | 2*'"status":"conflict"'*) say "some runs are given up: $answer" ;;
  2*'"id":'* | 2*'"items":'*) rm -f ${2:+"$2"} && echo "$answer" && return ;;
  400* | 409* | 410* | 413* | 415* | 422*) say "a run is given up: $answer" ;;
  *) say "the studio does not take a run, which ${2:+stays in }${2:-is given up}: $answer" && return 1 ;;
  esac
  rm -f ${2:+"$2"}
  return 1
}

# The name of the file that holds the text until it has arrived.
keep() {
  mkdir -p "$spool" && part=$(mktemp "$spool/$(date +%s)000-XXXXXX") || return 1
  printf '%s' "$1" >"$part" && mv "$part" "$part.json" && echo "$part.json" || return 1
  for old in $(ls -r "$spool" | grep '\.json$' | tail -n +$((most + 1))); do
    rm -f "$spool/$old"
    say "$old is given up, for more than $most runs wait"
  done
}

# What an earlier script left, until one is not taken.
deliver_the_rest() {
  set -- "$spool"/*.json
  [ -n "$spool" ] && [ -e "$1" ] || return 0
  for left in "$@"; do
    deliver "$(cat "$left")" "$left"
    [ -e "$left" ] && break
  done &
}

say() {
  echo "studio: $1" >&2
}

deliver_the_rest

# One run to try it. `wait` is for a script that is about to end.
send_run '{"campaignId": "autumn", "campaignName": "Autumn launch", "runId": "from-curl", "phase": "2-3",
  "agentsTotal": 5, "agentsSuccessful": 5, "assetsGenerated": 9, "tokensIn": 5346, "tokensOut": 2240,
  "costUSD": "0.0348", "latencyP95Ms": 42000, "latencyAvgMs": 21700}'
wait "$!" && echo "It is on disk. Now look at $studio/"
