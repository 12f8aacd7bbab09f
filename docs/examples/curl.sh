#!/usr/bin/env bash
# The whole breakout story of a signaling server, in plain curl.
set -euo pipefail
cd "$(dirname "$0")"

url=${SIDEROOM_URL:-http://127.0.0.1:7900}
key=${SIDEROOM_KEY:-dev}
: "${SIDEROOM_SECRET:?set it to the secret of the API key $key}"
room=curl-$$-$RANDOM

# --- A token: HS256 over two parts in base64url.
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
sign() {
  local head body
  head=$(printf '{"alg":"HS256","typ":"JWT","kid":"%s"}' "$key" | base64url)
  body=$(printf '%s' "$1" | base64url)
  printf '%s.%s.%s' "$head" "$body" \
    "$(printf '%s.%s' "$head" "$body" | openssl dgst -sha256 -hmac "$SIDEROOM_SECRET" -binary | base64url)"
}
expires=$(($(date +%s) + 600))
api_token=$(sign "{\"aud\":\"sideroom-api\",\"exp\":$expires}")
client_token() { # identity role
  sign "{\"aud\":\"sideroom-client\",\"exp\":$expires,\"room\":\"$room\",\"sub\":\"$1\",\"name\":\"$1\",\"role\":\"$2\"}"
}

# --- Calls: as the signaling server, and as somebody in the room.
requests=0
answer=
call_as() { # token method fields
  local status out body
  requests=$((requests + 1))
  body="{\"room\":\"$room\"${3:+,$3}}"
  out=$(curl -sS -w '\n%{http_code}' -H "Authorization: Bearer $1" --data-binary "$body" "$url/sideroom.v1.$2")
  status=${out##*$'\n'}
  answer=${out%$'\n'*}
  [ "$status" = 200 ]
}
call() { call_as "$api_token" "$@" || fail "$1 failed: $answer"; }
fails_with() { # reason method fields
  if call_as "$api_token" "$2" "$3"; then fail "$2 should have failed with $1"; fi
  case $answer in *"\"reason\":\"$1\""*) ;; *) fail "$2 failed otherwise: $answer" ;; esac
}
fail() { echo "$*" >&2; exit 1; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$answer"; }
join() { # identity role → $id, $token
  local offer
  token=$(client_token "$1" "$2")
  offer=$(awk '{ sub(/\r$/, ""); printf "%s\\r\\n", $0 }' offer.sdp)
  call_as "$token" ParticipantService/Join \
    "\"requestId\":\"join-$1\",\"offer\":\"$offer\",\"tracks\":[{\"mid\":\"0\",\"kind\":\"TRACK_KIND_AUDIO\"},{\"mid\":\"1\",\"kind\":\"TRACK_KIND_SCREEN\"}]" \
    || fail "$1 cannot join: $answer"
  id=$(sed -n 's/.*"participantId":"\([^"]*\)".*/\1/p' <<<"$answer")
}

# --- Events: one JSON object a line, for as long as we read.
watch() {
  exec 3< <(exec curl -sSN -H "Authorization: Bearer $api_token" --data-binary "{\"room\":\"$room\"}" \
    "$url/sideroom.v1.EventService/Watch")
  watcher=$!
  local line
  read -r -t 10 -u 3 line || fail "the watch does not begin"
  case $line in *'"snapshot"'*) ;; *) fail "a watch begins with a snapshot, not $line" ;; esac
}
expect() { # a type, and words that must be in the event
  local line word
  while read -r -t 10 -u 3 line; do
    case $line in *"\"type\":\"$1\""*) ;; *) continue ;; esac
    for word in "${@:2}"; do
      case $line in *"$word"*) ;; *) continue 2 ;; esac
    done
    echo "  event $*"
    return
  done
  fail "the event $* did not come"
}

echo "room $room"
call RoomService/CreateRoom '"requestId":"create","settings":{"maxActiveTalkers":6}'
watch
trap 'kill "$watcher" 2>/dev/null || true' EXIT

join teacher moderator; teacher=$id teacher_token=$token
join ann participant; ann=$id ann_token=$token
join bob participant; bob=$id
expect participantJoined '"identity":"bob"'
call_as "$ann_token" ParticipantService/Publish '"kinds":["TRACK_KIND_AUDIO"]' || fail "$answer"
expect trackPublished "\"participantId\":\"$ann\""

echo "create, twice with one request id"
create='"requestId":"breakouts","definition":{"maxRooms":2,"participants":4,"media":{"audio":true,"screen":true},"names":["Red","Blue"]}'
call_as "$teacher_token" BreakoutService/CreateBreakouts "$create" || fail "$answer"
expect breakoutsCreated '"displayName":"Red"' '"displayName":"Blue"' '"causingRequestId":"breakouts"'
call_as "$teacher_token" BreakoutService/CreateBreakouts "$create" || fail "$answer"
case $answer in *'"replayed":true'*) ;; *) fail "the request was done twice: $answer" ;; esac
fails_with ParticipantCountTooLarge BreakoutService/CreateBreakouts '"definition":{"maxRooms":1,"participants":99}'

echo "invite, decline, invite, join"
call BreakoutService/Invite "\"breakoutId\":\"b1\",\"participantIds\":[\"$ann\",\"$bob\"]"
expect invitationReceived "\"participantId\":\"$bob\""
call BreakoutService/RejectInvite "\"breakoutId\":\"b1\",\"participantId\":\"$bob\",\"asParticipantId\":\"$bob\""
expect invitationRejected "\"participantId\":\"$bob\""
call_as "$ann_token" BreakoutService/JoinBreakout '"streamInfo":{"audio":true}' || fail "$answer"
expect participantMoved "\"participantId\":\"$ann\"" '"toGroupId":"b1"' '"reason":"MOVE_REASON_JOINED"'
call BreakoutService/Invite "\"breakoutId\":\"b1\",\"participantIds\":[\"$bob\"],\"forceJoin\":true"
expect participantMoved "\"participantId\":\"$bob\"" '"reason":"MOVE_REASON_FORCED"'

echo "pause, resume and mute the parent"
call_as "$ann_token" ParticipantService/SetParentGate '"paused":true' || fail "$answer"
call_as "$ann_token" ParticipantService/SetParentGate '"paused":false' || fail "$answer"
expect parentGateChanged "\"participantId\":\"$ann\""
call ParticipantService/SetRoomGate '"audioMuted":true,"videoMuted":true'
expect roomGateChanged '"audioMuted":true' '"videoMuted":true'
call ParticipantService/Mute "\"participantId\":\"$ann\",\"kinds\":[\"TRACK_KIND_AUDIO\"]"
expect muteChanged "\"participantId\":\"$ann\"" '"byModerator":["TRACK_KIND_AUDIO"]'

echo "move, message, help"
call BreakoutService/MoveParticipants "\"moves\":[{\"participantId\":\"$ann\",\"toGroupId\":\"b2\"},{\"participantId\":\"$bob\",\"toGroupId\":\"b2\"}]"
expect participantMoved "\"participantId\":\"$bob\"" '"fromGroupId":"b1"' '"toGroupId":"b2"'
call RoomService/SendMessage '"allGroups":true,"text":"two minutes left"'
expect messageSent '"text":"two minutes left"'
call_as "$ann_token" BreakoutService/RaiseHelp '"text":"we are stuck"' || fail "$answer"
expect helpChanged '"raised":true'
call_as "$teacher_token" BreakoutService/AnswerHelp "\"participantId\":\"$ann\",\"text\":\"coming\"" || fail "$answer"
expect helpChanged "\"answeredBy\":\"$teacher\""

echo "clear"
call BreakoutService/ClearBreakouts
expect participantMoved '"reason":"MOVE_REASON_CLEARED"'
expect participantMoved '"reason":"MOVE_REASON_CLEARED"'

echo "the timer"
call BreakoutService/MoveParticipants "\"moves\":[{\"participantId\":\"$ann\",\"toGroupId\":\"b1\"}]"
[ -n "${SIDEROOM_SKIP_TIMER:-}" ] || {
  ends_at=$(($(date +%s) * 1000 + 1500))
  call BreakoutService/UpdateSettings "\"settings\":{\"endsAtMs\":\"$ends_at\",\"endGraceMs\":300}"
  expect settingsChanged "\"endsAtMs\":\"$ends_at\""
  expect timerTicked '"inGrace":true'
  expect participantMoved "\"participantId\":\"$ann\"" '"reason":"MOVE_REASON_TIME_UP"'
}

echo "destroy"
call BreakoutService/DestroyBreakouts
expect breakoutsDestroyed '"breakoutIds":["b1","b2"]'
call RoomService/ListMoves
case $answer in *MOVE_REASON_FORCED*) ;; *) fail "the journal forgot: $answer" ;; esac
call RoomService/DeleteRoom
expect roomClosed
echo ok
