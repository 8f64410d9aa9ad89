#!/bin/sh
@MARK@
# chkconfig: 2345 90 10
# description: @DESCRIPTION@
### BEGIN INIT INFO
# Provides:          @SERVICE@
# Required-Start:    $remote_fs $syslog
# Required-Stop:     $remote_fs $syslog
# Should-Start:      $network $time
# Should-Stop:       $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: @DESCRIPTION@
### END INIT INFO
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
@COMMON@
case "$1" in
start)
  ib_start
  ib_code=$?
  [ $ib_code -eq 0 ] && echo "$IB_NAME is running" || echo "$IB_NAME does not run; see $IB_LOG" >&2
  exit $ib_code
  ;;
stop)
  ib_stop && echo "$IB_NAME is stopped"
  ;;
restart | force-reload)
  ib_stop && ib_start
  ;;
try-restart)
  ib_pid || exit 0
  ib_stop && ib_start
  ;;
reload)
  ib_reload
  ;;
status)
  if ib_pid; then
    echo "$IB_NAME is running"
    exit 0
  fi
  echo "$IB_NAME is stopped"
  exit 3
  ;;
*)
  echo "usage: $0 start|stop|restart|try-restart|reload|force-reload|status" >&2
  exit 2
  ;;
esac
