package installer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What every service of ours has besides its command line.
const (
	description = "Takes e-forms out of in-baskets and writes them into legacy systems"
	// preShutdown is how long a machine that shuts down waits for the agent, which stops within ten seconds.
	preShutdown = 20 * time.Second
	// privilege is the only one the agent needs: to pass folders on the way to one that it has rights on.
	privilege = "SeChangeNotifyPrivilege"
)

// recovery says when an agent that ended with an error is started again; the last one goes on. After a day
// without an error it counts anew.
var recovery = []time.Duration{5 * time.Second, time.Minute, 15 * time.Minute}

const recoveryReset = 24 * time.Hour

// setting is one of the things that Windows keeps about a service by level.
type setting struct {
	name  string
	level uint32
	want  string
	read  func(b []byte) string // what is set, in the words of want
	value func() (unsafe.Pointer, error)
}

// settings returns what a service of ours has, beside its command line.
func settings() []setting {
	return []setting{
		{"description", windows.SERVICE_CONFIG_DESCRIPTION, description, readDescription, func() (unsafe.Pointer, error) {
			text, err := windows.UTF16PtrFromString(description)
			return unsafe.Pointer(&windows.SERVICE_DESCRIPTION{Description: text}), err
		}},
		{"delayed start", windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, "yes", readFlag, func() (unsafe.Pointer, error) {
			return unsafe.Pointer(&windows.SERVICE_DELAYED_AUTO_START_INFO{IsDelayedAutoStartUp: 1}), nil
		}},
		{"recovery actions", windows.SERVICE_CONFIG_FAILURE_ACTIONS, recoveryText(recovery, recoveryReset), readRecovery, recoveryValue},
		{"recovery after errors as well as crashes", windows.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, "yes", readFlag, func() (unsafe.Pointer, error) {
			return unsafe.Pointer(&windows.SERVICE_FAILURE_ACTIONS_FLAG{FailureActionsOnNonCrashFailures: 1}), nil
		}},
		{"time to stop when the machine shuts down", windows.SERVICE_CONFIG_PRESHUTDOWN_INFO, preShutdown.String(), readMillis, func() (unsafe.Pointer, error) {
			millis := uint32(preShutdown.Milliseconds())
			return unsafe.Pointer(&millis), nil
		}},
		{"identity of its own (service SID)", windows.SERVICE_CONFIG_SERVICE_SID_INFO, "unrestricted", readSidType, func() (unsafe.Pointer, error) {
			kind := uint32(windows.SERVICE_SID_TYPE_UNRESTRICTED)
			return unsafe.Pointer(&kind), nil
		}},
		{"privileges", windows.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, privilege, readPrivileges, privilegesValue},
	}
}

// errLevel is a system that does not know a setting at all: none that Microsoft still supports, but others
// that run Windows programs.
var errLevel = errors.New("this system does not know the setting")

// query returns what Windows keeps at a level; pointers in it point into it.
func query(h windows.Handle, level uint32) ([]byte, error) {
	for n := uint32(512); ; {
		words := make([]uint64, (n+7)/8) // aligned for the structures in it
		b := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
		err := windows.QueryServiceConfig2(h, level, &b[0], uint32(len(b)), &n)
		if errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) && int(n) > len(b) {
			continue
		}
		return b, unknownLevel(err)
	}
}

func unknownLevel(err error) error {
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) || errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_CALL_NOT_IMPLEMENTED) {
		return errLevel
	}
	return err
}

// apply sets a setting when it is another. A system that cannot be asked is told all the same.
func (s setting) apply(t *transaction, h windows.Handle) error {
	before, err := query(h, s.level)
	switch {
	case err == nil && s.read(before) == s.want:
		return nil
	case err != nil && !errors.Is(err, errLevel):
		return stepError("read the "+s.name+" of the service", err)
	}
	known := err == nil
	set := func() error {
		value, err := s.value()
		if err != nil {
			return err
		}
		err = unknownLevel(windows.ChangeServiceConfig2(h, s.level, (*byte)(value)))
		if errors.Is(err, errLevel) {
			return nil
		}
		return err
	}
	if !known {
		return set()
	}
	return t.do(fmt.Sprintf("set the service's %s: %s", s.name, s.want), set, func(context.Context) error {
		return windows.ChangeServiceConfig2(h, s.level, &before[0])
	})
}

// drift returns a line when the setting is another, and none when the system cannot tell.
func (s setting) drift(h windows.Handle) (string, bool) {
	b, err := query(h, s.level)
	if err != nil {
		return fmt.Sprintf("%s: cannot be read (%v)", s.name, err), !errors.Is(err, errLevel)
	}
	have := s.read(b)
	if have == "" {
		have = "none"
	}
	return fmt.Sprintf("%s: %s, install sets %s", s.name, have, s.want), have != s.want
}

func readDescription(b []byte) string {
	return windows.UTF16PtrToString((*windows.SERVICE_DESCRIPTION)(unsafe.Pointer(&b[0])).Description)
}

func readFlag(b []byte) string {
	if *(*uint32)(unsafe.Pointer(&b[0])) != 0 {
		return "yes"
	}
	return "no"
}

func readMillis(b []byte) string {
	return (time.Duration(*(*uint32)(unsafe.Pointer(&b[0]))) * time.Millisecond).String()
}

func readSidType(b []byte) string {
	switch *(*uint32)(unsafe.Pointer(&b[0])) {
	case windows.SERVICE_SID_TYPE_UNRESTRICTED:
		return "unrestricted"
	case windows.SERVICE_SID_TYPE_RESTRICTED:
		return "restricted"
	}
	return "none"
}

func recoveryText(delays []time.Duration, reset time.Duration) string {
	var words []string
	for _, d := range delays {
		words = append(words, d.String())
	}
	return fmt.Sprintf("restart after %s; counted anew after %s", strings.Join(words, ", "), reset)
}

func readRecovery(b []byte) string {
	p := (*windows.SERVICE_FAILURE_ACTIONS)(unsafe.Pointer(&b[0]))
	if p.Actions == nil || p.ActionsCount == 0 {
		return "none"
	}
	var delays []time.Duration
	for _, a := range unsafe.Slice(p.Actions, int(p.ActionsCount)) {
		if a.Type != windows.SC_ACTION_RESTART {
			return "not to restart"
		}
		delays = append(delays, time.Duration(a.Delay)*time.Millisecond)
	}
	return recoveryText(delays, time.Duration(p.ResetPeriod)*time.Second)
}

func recoveryValue() (unsafe.Pointer, error) {
	actions := make([]windows.SC_ACTION, len(recovery))
	for i, d := range recovery {
		actions[i] = windows.SC_ACTION{Type: windows.SC_ACTION_RESTART, Delay: uint32(d.Milliseconds())}
	}
	return unsafe.Pointer(&windows.SERVICE_FAILURE_ACTIONS{
		ResetPeriod: uint32(recoveryReset.Seconds()), ActionsCount: uint32(len(actions)), Actions: &actions[0],
	}), nil
}

// privilegesInfo is SERVICE_REQUIRED_PRIVILEGES_INFO: a list of texts that ends with an empty one.
type privilegesInfo struct{ list *uint16 }

func privilegesValue() (unsafe.Pointer, error) {
	list, err := windows.UTF16FromString(privilege) // it ends with a zero
	if err != nil {
		return nil, err
	}
	list = append(list, 0)
	return unsafe.Pointer(&privilegesInfo{&list[0]}), nil
}

func readPrivileges(b []byte) string {
	p := (*privilegesInfo)(unsafe.Pointer(&b[0])).list
	var names []string
	for p != nil && *p != 0 {
		name := windows.UTF16PtrToString(p)
		names = append(names, name)
		p = (*uint16)(unsafe.Add(unsafe.Pointer(p), 2*(len([]rune(name))+1)))
	}
	return strings.Join(names, ", ")
}
