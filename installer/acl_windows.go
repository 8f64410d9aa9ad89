package installer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/inbasket/inbasket/connectors"
)

// Rights on files, as numbers that stand in access control entries.
const (
	rightsRead   = 0x1200a9 // read and execute
	rightsModify = 0x1301bf // the same, write and delete
	rightsAll    = 0x1f01ff
)

// folder is a folder that the service needs, with the rights it gets there.
type folder struct {
	path   string
	rights uint32
	closed bool // ours: nobody else but SYSTEM and Administrators gets in; otherwise only an entry is added
}

// folders returns what an instance needs. What lies below %ProgramData%\Inbasket is closed as a whole; the
// service may read there, and write only into state and log. Secrets are closed wherever the configuration lies.
func folders(i Instance) []folder {
	home := filepath.Dir(i.Config)
	out := []folder{
		{home, rightsRead, inside(home, dataFolder())},
		{LogFolder(i.Config), rightsModify, true},
		{filepath.Join(home, "secrets"), rightsRead, true},
		{i.State, rightsModify, true},
	}
	for _, p := range i.Writable {
		out = append(out, folder{path: p, rights: rightsModify})
	}
	for _, p := range i.Readable {
		if !inside(p, home) { // there it may read already
			out = append(out, folder{path: p, rights: rightsRead})
		}
	}
	return out
}

// dataFolder returns %ProgramData%\Inbasket.
func dataFolder() string {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		dir = os.Getenv("ProgramData")
	}
	return filepath.Join(dir, "Inbasket")
}

// remote tells whether a path lies on another machine, whose rights are given there.
func remote(path string) bool {
	return strings.HasPrefix(path, `\\`) && !strings.HasPrefix(path, `\\?\`)
}

// giveRights makes folders and gives rights on them, where they differ.
func giveRights(t *transaction, i Instance) error {
	for _, f := range folders(i) {
		if f.path == "" || remote(f.path) {
			continue
		}
		if err := f.make(t); err != nil {
			return err
		}
		if err := f.give(t, i.Service()); err != nil {
			return err
		}
	}
	return nil
}

// make makes a folder that is ours when it is not there. Others that are missing are the sysadmin's to make.
func (f folder) make(t *transaction) error {
	if !f.closed {
		return nil
	}
	if _, err := os.Stat(f.path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return t.do("make the folder "+f.path, func() error { return os.MkdirAll(f.path, 0o700) },
		func(context.Context) error { _ = os.Remove(f.path); return nil }) // one that is not empty any more stays
}

// give closes the folder, or adds an entry for the service, when its rights are not as they should be.
func (f folder) give(t *transaction, service string) error {
	if _, err := os.Stat(f.path); errors.Is(err, fs.ErrNotExist) {
		return nil // the agent says so when it needs it
	}
	const what = windows.DACL_SECURITY_INFORMATION
	before, err := windows.GetNamedSecurityInfo(f.path, windows.SE_FILE_OBJECT, what|windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return stepError("read the rights of "+f.path, err)
	}
	if owner, _, err := before.Owner(); f.closed && err == nil && !trusted(owner, service) {
		return connectors.Errorf(connectors.ItemError, CodeInstall, "close "+f.path,
			"look at what is in it; then take it over by: takeown /a /r /f \""+f.path+"\", and repeat the command",
			"it belongs to %s, who could change what the service reads", accountName(owner))
	}
	if len(f.missing(before.String(), service)) == 0 {
		return nil
	}
	step := fmt.Sprintf("give NT SERVICE\\%s rights on %s", service, f.path)
	if f.closed {
		step = "close " + f.path + " to all but the service, SYSTEM and Administrators"
	}
	back := func(context.Context) error {
		acl, _, err := before.DACL()
		if err != nil {
			return err
		}
		flag := windows.SECURITY_INFORMATION(windows.UNPROTECTED_DACL_SECURITY_INFORMATION)
		if control, _, err := before.Control(); err == nil && control&windows.SE_DACL_PROTECTED != 0 {
			flag = windows.PROTECTED_DACL_SECURITY_INFORMATION
		}
		return windows.SetNamedSecurityInfo(f.path, windows.SE_FILE_OBJECT, what|flag, nil, nil, acl, nil)
	}
	return t.do(step, func() error { return f.set(service, before) }, back)
}

// trusted tells whether a folder's owner is an administrator or the service itself. Everybody may make folders
// in ProgramData, with files in them, before the agent is installed.
func trusted(owner *windows.SID, service string) bool {
	me := ""
	if user, err := windows.GetCurrentProcessToken().GetTokenUser(); err == nil {
		me = user.User.Sid.String()
	}
	return slices.Contains([]string{sidSystem, sidAdministrators, serviceSID("TrustedInstaller"), serviceSID(service), me}, owner.String())
}

// accountName returns how Windows calls an account; its identifier when it has no name.
func accountName(sid *windows.SID) string {
	name, domain, _, err := sid.LookupAccount("")
	if err != nil {
		return sid.String()
	}
	return domain + `\` + name
}

func (f folder) set(service string, before *windows.SECURITY_DESCRIPTOR) error {
	if f.closed {
		return f.close(closedSDDL(before.String(), service, f.rights))
	}
	old, _, err := before.DACL()
	if err != nil {
		return err
	}
	sid, err := windows.StringToSid(serviceSID(service))
	if err != nil {
		return err
	}
	acl, err := windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{{
		AccessPermissions: windows.ACCESS_MASK(f.rights),
		AccessMode:        windows.GRANT_ACCESS,
		Inheritance:       windows.SUB_CONTAINERS_AND_OBJECTS_INHERIT,
		Trustee:           windows.TRUSTEE{TrusteeForm: windows.TRUSTEE_IS_SID, TrusteeValue: windows.TrusteeValueFromSID(sid)},
	}}, old)
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(f.path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, acl, nil)
}

// close sets the list of rights, and makes Administrators the owner: everybody may make folders in
// ProgramData, and who owns one may change its rights.
func (f folder) close(sddl string) error {
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return err
	}
	acl, _, err := sd.DACL()
	if err != nil {
		return err
	}
	owner, err := windows.StringToSid(sidAdministrators)
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(f.path, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, owner, nil, acl, nil)
}

// missing compares a folder's rights with what they should be; a line for each thing that is wrong.
func (f folder) missing(sddl, service string) []string {
	var out []string
	mine, others := grants(sddl, service)
	if mine&f.rights != f.rights {
		out = append(out, fmt.Sprintf("%s: NT SERVICE\\%s may not %s", f.path, service, map[bool]string{true: "write", false: "read"}[f.rights == rightsModify]))
	}
	if f.closed && len(others) > 0 {
		out = append(out, fmt.Sprintf("%s: open to others (%s)", f.path, strings.Join(others, ", ")))
	}
	return out
}
