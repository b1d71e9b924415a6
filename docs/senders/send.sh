#!/bin/sh
# Sends one run. Works on in the background, gives up after five seconds, and never fails the script that calls it.
# Sending the same run again is safe: it is stored once.
studio="${STUDIO_URL:-http://127.0.0.1:3000}"

send_run() {
  curl --silent --show-error --max-time 5 --retry 2 --retry-all-errors \
    --header 'content-type: application/json' --data "$1" \
    "$studio/api/metrics/campaign" >/dev/null 2>&1 &
}

send_run '{"campaignId": "autumn", "campaignName": "Autumn launch", "runId": "from-curl", "phase": "2-3",
  "agentsTotal": 5, "agentsSuccessful": 5, "assetsGenerated": 9, "tokensIn": 5346, "tokensOut": 2240,
  "costUSD": "0.0348", "latencyP95Ms": 42000, "latencyAvgMs": 21700}'
