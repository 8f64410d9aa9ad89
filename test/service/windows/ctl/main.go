//go:build windows

// Command ctl runs inside Wine for the tests: it does what sc.exe of Windows does and that of Wine does not,
// and it keeps Wine alive.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ctl:", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	if len(args) == 1 && args[0] == "hold" { // services end with the last client
		fmt.Println("holding")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	if len(args) < 2 {
		return fmt.Errorf("usage: hold | paramchange SERVICE | state SERVICE | source SERVICE | definition SERVICE | manual SERVICE | acl PATH")
	}
	switch name := args[1]; args[0] {
	case "acl":
		sd, err := windows.GetNamedSecurityInfo(name, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
		if err != nil {
			return err
		}
		fmt.Println(sd)
		return nil
	case "source":
		return source(name)
	default:
		return service(args[0], name)
	}
}

// source prints how an event source is registered.
func source(name string) error {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\EventLog\Application\`+name, registry.QUERY_VALUE)
	if err != nil {
		return err
	}
	defer k.Close()
	file, _, err := k.GetStringValue("EventMessageFile")
	if err != nil {
		return err
	}
	types, _, err := k.GetIntegerValue("TypesSupported")
	fmt.Println(file, types)
	return err
}

func service(order, name string) error {
	m, err := mgr.Connect()
	if err != nil {
		return err
	}
	defer m.Disconnect()
	s, err := m.OpenService(name)
	if err != nil {
		return err
	}
	defer s.Close()
	switch order {
	case "paramchange":
		_, err = s.Control(svc.ParamChange)
		return err
	case "state":
		now, err := s.Query()
		fmt.Printf("state %d accepts %#x exit %d own %d\n", now.State, now.Accepts, now.Win32ExitCode, now.ServiceSpecificExitCode)
		return err
	case "definition":
		return definition(s)
	case "manual":
		return windows.ChangeServiceConfig(s.Handle, windows.SERVICE_NO_CHANGE, windows.SERVICE_DEMAND_START, windows.SERVICE_NO_CHANGE, nil, nil, nil, nil, nil, nil, nil)
	}
	return fmt.Errorf("unknown order %s", order)
}

// definition prints what can be read back about a service.
func definition(s *mgr.Service) error {
	buf := make([]uint64, 1024)
	p := (*windows.QUERY_SERVICE_CONFIG)(ptr(buf))
	var n uint32
	if err := windows.QueryServiceConfig(s.Handle, p, uint32(len(buf)*8), &n); err != nil {
		return err
	}
	fmt.Printf("start %d account %s command %s\n", p.StartType, windows.UTF16PtrToString(p.ServiceStartName), windows.UTF16PtrToString(p.BinaryPathName))
	for _, level := range []uint32{windows.SERVICE_CONFIG_DESCRIPTION, windows.SERVICE_CONFIG_PRESHUTDOWN_INFO} {
		if err := windows.QueryServiceConfig2(s.Handle, level, (*byte)(ptr(buf)), uint32(len(buf)*8), &n); err != nil {
			return err
		}
		if level == windows.SERVICE_CONFIG_PRESHUTDOWN_INFO {
			fmt.Println("preshutdown", uint32(buf[0]))
			continue
		}
		fmt.Println("description", strings.TrimSpace(windows.UTF16PtrToString((*windows.SERVICE_DESCRIPTION)(ptr(buf)).Description)))
	}
	return nil
}
