package installer

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// definition is what Windows keeps of every service.
type definition struct {
	command string // program and arguments
	account string
	display string
	start   uint32 // mgr.StartAutomatic and so on
}

// wanted is the definition that Install writes.
func wanted(i Instance) definition {
	return definition{command: commandLine(i), account: account(i.Service()), display: displayName(i), start: mgr.StartAutomatic}
}

// create makes the service.
func create(scm *mgr.Mgr, i Instance) (*mgr.Service, error) {
	d := wanted(i)
	p, err := d.pointers()
	if err != nil {
		return nil, err
	}
	name, err := windows.UTF16PtrFromString(i.Service())
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateService(scm.Handle, name, p.display, windows.SERVICE_ALL_ACCESS, windows.SERVICE_WIN32_OWN_PROCESS,
		d.start, windows.SERVICE_ERROR_NORMAL, p.command, nil, nil, nil, p.account, nil)
	if errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE) {
		err = errors.New("a service of this name is being removed: close the window Services, and repeat the command")
	}
	if err != nil {
		return nil, err
	}
	return &mgr.Service{Name: i.Service(), Handle: h}, nil
}

// write changes an existing service. A virtual account has no password.
func (d definition) write(h windows.Handle) error {
	p, err := d.pointers()
	if err != nil {
		return err
	}
	return windows.ChangeServiceConfig(h, windows.SERVICE_WIN32_OWN_PROCESS, d.start, windows.SERVICE_ERROR_NORMAL,
		p.command, nil, nil, nil, p.account, nil, p.display)
}

type definitionPointers struct{ command, account, display *uint16 }

func (d definition) pointers() (p definitionPointers, err error) {
	if p.command, err = windows.UTF16PtrFromString(d.command); err != nil {
		return p, err
	}
	if p.account, err = windows.UTF16PtrFromString(d.account); err != nil {
		return p, err
	}
	p.display, err = windows.UTF16PtrFromString(d.display)
	return p, err
}

// readDefinition asks Windows.
func readDefinition(h windows.Handle) (definition, error) {
	for n := uint32(2048); ; {
		words := make([]uint64, (n+7)/8)
		p := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&words[0]))
		err := windows.QueryServiceConfig(h, p, uint32(len(words)*8), &n)
		if errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) && int(n) > len(words)*8 {
			continue
		}
		if err != nil {
			return definition{}, err
		}
		return definition{
			command: windows.UTF16PtrToString(p.BinaryPathName),
			account: windows.UTF16PtrToString(p.ServiceStartName),
			display: windows.UTF16PtrToString(p.DisplayName),
			start:   p.StartType,
		}, nil
	}
}

// ours tells whether the service runs an agent: no other service is ever changed.
func (d definition) ours() bool {
	return strings.EqualFold(filepath.Base(d.program()), "inbasket.exe") || d.argument("--service") != ""
}

// keepsStart tells whether an administrator chose that the service does not start with the machine.
func (d definition) keepsStart() bool {
	return d.start == mgr.StartManual || d.start == mgr.StartDisabled
}

func (d definition) words() []string {
	words, err := windows.DecomposeCommandLine(d.command)
	if err != nil {
		return nil
	}
	return words
}

func (d definition) program() string {
	if words := d.words(); len(words) > 0 {
		return words[0]
	}
	return ""
}

// argument returns what follows a flag on the command line.
func (d definition) argument(flag string) string {
	words := d.words()
	for i, w := range words {
		if w == flag && i+1 < len(words) {
			return words[i+1]
		}
	}
	return ""
}

// drift returns a line for each thing that is not as wanted.
func (d definition) drift(want definition) []string {
	var out []string
	differ := func(what, have, want string) {
		if !strings.EqualFold(have, want) {
			out = append(out, what+": "+have+", install sets "+want)
		}
	}
	differ("command line", d.command, want.command)
	differ("account", d.account, want.account)
	differ("name shown", d.display, want.display)
	if d.start != want.start {
		out = append(out, "start type: "+startWord(d.start)+", install of a new service sets automatic (delayed); change it by: sc config NAME start= delayed-auto")
	}
	return out
}

func startWord(t uint32) string {
	switch t {
	case mgr.StartAutomatic:
		return "automatic"
	case mgr.StartManual:
		return "manual"
	case mgr.StartDisabled:
		return "disabled"
	}
	return "unusual"
}

// eventKey is where the sources of the Application log are registered.
const eventKey = `SYSTEM\CurrentControlSet\Services\EventLog\Application`

// messageFile has the text "%1" for the IDs 1 to 1000; every Windows has it, so ours need no library.
const messageFile = `%SystemRoot%\System32\EventCreate.exe`

// registerEvents registers the service as a source of the Application log when it is not.
func registerEvents(t *transaction, service string) error {
	switch has, err := eventMessages(service); {
	case err != nil:
		return stepError("look for the event source "+service, err)
	case has == messageFile:
		return nil
	case has != "":
		return t.do("mend the event source "+service, func() error { return errors.Join(eventlog.Remove(service), addEvents(service)) }, nil)
	}
	return t.do("register the event source "+service, func() error { return addEvents(service) },
		func(context.Context) error { return removeEvents(service) })
}

func addEvents(service string) error {
	return eventlog.Install(service, messageFile, true, eventlog.Error|eventlog.Warning|eventlog.Info)
}

// removeEvents removes the source; one that is not there is no error.
func removeEvents(service string) error {
	if has, err := eventMessages(service); err != nil || has == "" {
		return err
	}
	return eventlog.Remove(service)
}

// eventMessages returns the message file of a source; empty: there is no such source.
func eventMessages(service string) (string, error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, eventKey+`\`+service, registry.QUERY_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer k.Close()
	file, _, err := k.GetStringValue("EventMessageFile")
	if errors.Is(err, fs.ErrNotExist) {
		return "none", nil
	}
	return file, err
}
