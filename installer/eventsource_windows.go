package installer

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc/eventlog"
)

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
