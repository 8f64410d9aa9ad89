package installer

import (
	"context"
	"strings"

	"golang.org/x/sys/windows"
)

// Instances returns all services of this machine that run the program, started or not; each State has the
// instance's name in Name, empty for the default one.
func Instances(ctx context.Context, program string) ([]State, error) {
	m := &windowsManager{clock: clock{}}
	scm, err := m.connect("list the services", windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return nil, err
	}
	names, err := scm.ListServices()
	_ = scm.Disconnect() // nothing was changed
	if err != nil {
		return nil, stepError("list the services", err)
	}
	var out []State
	for _, service := range names {
		name, ours := instanceOf(service)
		if !ours {
			continue
		}
		s, err := m.Status(ctx, Instance{Name: name})
		if err != nil {
			return nil, err
		}
		if s.Installed && strings.EqualFold(s.Program, program) {
			s.Name = name
			out = append(out, s)
		}
	}
	return out, nil
}

// instanceOf returns the instance that a service is, see ServiceName.
func instanceOf(service string) (string, bool) {
	if strings.EqualFold(service, DefaultName) {
		return "", true
	}
	name, ok := strings.CutPrefix(service, DefaultName+"-")
	return name, ok && CheckName(name) == nil
}

// DataFolder returns where configuration and data of the default instance lie: %ProgramData%\Inbasket.
func DataFolder() string { return dataFolder() }
