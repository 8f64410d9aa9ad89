package main

import "net"

// notifier tells systemd how the service stands, as sd_notify does: datagrams of NAME=value lines to the
// socket in NOTIFY_SOCKET. Without one it does nothing.
type notifier struct{ socket string }

func (n notifier) send(state string) {
	switch state {
	case "reloading":
		state = "RELOADING=1"
	case "reloaded":
		state = "READY=1"
	case "stopping":
		state = "STOPPING=1"
	}
	if n.socket == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return // the manager does not listen: it does not wait either
	}
	defer c.Close()
	_, _ = c.Write([]byte(state))
}
