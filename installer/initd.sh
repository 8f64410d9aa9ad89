# What it runs, and as whom.
IB_NAME=@NAME@
IB_PROGRAM=@PROGRAM@
IB_CONFIG=@CONFIG@
IB_ACCOUNT=@ACCOUNT@
IB_STATE=@STATE@
IB_RUN="/run/$IB_NAME"
IB_LOG="/var/log/$IB_NAME.log"
IB_CREDENTIALS=@CREDENTIALS@

# Runs as the account, keeps the agent going, and gives up only when the configuration is wrong (78).
IB_KEEP='
cd "$IB_STATE" || { echo 1 > "$IB_RUN/exit"; exit 1; }
umask 027
ulimit -n 65536 2>/dev/null
echo $$ > "$IB_RUN/pid"
ending=
agent=
trap "ending=1; kill -TERM \$agent 2>/dev/null" TERM INT
while [ -z "$ending" ]; do
  INBASKET_SUPERVISED=1 "$IB_PROGRAM" run --config "$IB_CONFIG" &
  agent=$!
  echo $agent > "$IB_RUN/agent"
  wait $agent
  code=$?
  while kill -0 $agent 2>/dev/null; do
    wait $agent
    code=$?
  done
  [ -n "$ending" ] && break
  echo $code > "$IB_RUN/exit"
  [ $code -eq 78 ] && break
  sleep 3 &
  wait $!
done
rm -f "$IB_RUN/pid" "$IB_RUN/agent"
'

# The process that keeps the agent, if there is one. Only one of the account counts, whatever the file says.
ib_pid() {
  ib_found=$(cat "$IB_RUN/pid" 2>/dev/null) || return 1
  case "$ib_found" in ''|*[!0-9]*) return 1 ;; esac
  [ -d "/proc/$ib_found" ] && [ "$(stat -c %u "/proc/$ib_found" 2>/dev/null)" = "$(id -u "$IB_ACCOUNT")" ]
}

ib_prepare() {
  mkdir -p "$IB_RUN" && chmod 750 "$IB_RUN" || return 1
  rm -rf "$IB_RUN/exit" "$IB_RUN/pid" "$IB_RUN/agent" "$IB_RUN/credentials"
  if [ -d "$IB_CREDENTIALS" ]; then
    mkdir -m 500 "$IB_RUN/credentials" || return 1
    for ib_file in "$IB_CREDENTIALS"/*; do
      [ -f "$ib_file" ] || continue
      install -m 400 "$ib_file" "$IB_RUN/credentials/" || return 1
    done
  fi
  chown -R "$IB_ACCOUNT" "$IB_RUN" || return 1
  # What root restored where the state folder was lost belongs to root. An empty folder may be one that is not mounted.
  if [ -d "$IB_STATE/journal" ] && [ "$(stat -c %u "$IB_STATE")" = 0 ]; then
    chown -Rh "$IB_ACCOUNT:" "$IB_STATE" && chmod 710 "$IB_STATE" || return 1
  fi
  [ -e "$IB_LOG" ] || { : > "$IB_LOG" && chmod 640 "$IB_LOG"; } || return 1
}

ib_start() {
  ib_pid && return 0
  ib_prepare || return 1
  ib_before=$(wc -c <"$IB_LOG")
  export IB_PROGRAM IB_CONFIG IB_STATE IB_RUN IB_KEEP
  CREDENTIALS_DIRECTORY="$IB_RUN/credentials" setsid su -s /bin/sh -c 'eval "$IB_KEEP"' "$IB_ACCOUNT" </dev/null >>"$IB_LOG" 2>&1 &
  ib_left=600
  while [ $ib_left -gt 0 ]; do
    if [ -f "$IB_RUN/exit" ]; then
      tail -c "+$((ib_before + 1))" "$IB_LOG" | tail -n 20 >&2
      [ "$(cat "$IB_RUN/exit")" = 78 ] && return 6
      return 1
    fi
    if [ -f "$IB_RUN/agent" ] && "$IB_PROGRAM" status --config "$IB_CONFIG" >/dev/null 2>&1; then
      return 0
    fi
    sleep 1
    ib_left=$((ib_left - 1))
  done
  echo "$IB_NAME is not ready after ten minutes; see $IB_LOG" >&2
  return 1
}

ib_stop() {
  ib_pid || return 0
  ib_which=$ib_found
  ib_agent=$(cat "$IB_RUN/agent" 2>/dev/null)
  kill -TERM "$ib_which"
  ib_left=20
  while [ -d "/proc/$ib_which" ]; do
    if [ $ib_left -le 0 ]; then
      kill -KILL "$ib_which"
      [ "$(stat -c %u "/proc/$ib_agent" 2>/dev/null)" = "$(id -u "$IB_ACCOUNT")" ] && kill -KILL "$ib_agent"
      break
    fi
    sleep 1
    ib_left=$((ib_left - 1))
  done
  rm -rf "$IB_RUN/credentials" "$IB_RUN/pid" "$IB_RUN/agent"
  return 0
}

ib_reload() { "$IB_PROGRAM" reload --config "$IB_CONFIG"; }
