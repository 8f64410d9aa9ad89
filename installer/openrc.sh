#!/sbin/openrc-run
@MARK@
description="@DESCRIPTION@"
extra_started_commands="reload"
@COMMON@
depend() {
  use net logger dns
  after localmount netmount ntp-client
}

start() {
  ebegin "Starting $IB_NAME"
  ib_start
  eend $?
}

stop() {
  ebegin "Stopping $IB_NAME"
  ib_stop
  eend $?
}

reload() {
  ebegin "Reloading $IB_NAME"
  ib_reload
  eend $?
}

status() {
  if ib_pid; then
    einfo "status: started"
    return 0
  fi
  einfo "status: stopped"
  return 3
}
