package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// StartMariaDB starts a private MariaDB with a user, inbasket, who may do everything. The empty data
// folder is made once a machine and copied, since making it takes longer than anything else.
func StartMariaDB(o Options) (*Database, error) {
	mariadbd, err := program([]string{"/usr/sbin", "/usr/libexec"}, "mariadbd")
	if err != nil {
		return nil, err
	}
	cred, err := credential("mysql", "nobody")
	if err != nil {
		return nil, err
	}
	dir, err := privateDir("mariadb")
	if err != nil {
		return nil, err
	}
	d, err := startMariaDB(o, mariadbd, dir, cred)
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("MariaDB: %w", err)
	}
	return d, nil
}

const mariadbInit = `create user if not exists inbasket@'%' identified by 'test-only';
grant all privileges on *.* to inbasket@'%' with grant option;
`

// mariadbZone fills one zone, as Go knows it, into the server's zone tables, which are empty on a new server.
func mariadbZone(name string) (string, error) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return "", err
	}
	sql := "insert ignore into mysql.time_zone (Time_zone_id, Use_leap_seconds) values (1, 'N');\n" +
		"insert ignore into mysql.time_zone_name (Name, Time_zone_id) values ('" + name + "', 1);\n"
	types := map[int]int{}
	for at := time.Unix(0, 0).In(zone); at.Year() < 2038; _, at = at.ZoneBounds() {
		abbreviation, offset := at.Zone()
		if _, known := types[offset]; !known {
			types[offset] = len(types)
			dst := 0
			if at.IsDST() {
				dst = 1
			}
			sql += fmt.Sprintf("insert ignore into mysql.time_zone_transition_type values (1, %d, %d, %d, '%s');\n", types[offset], offset, dst, abbreviation)
		}
		sql += fmt.Sprintf("insert ignore into mysql.time_zone_transition values (1, %d, %d);\n", at.Unix(), types[offset])
	}
	return sql, nil
}

func startMariaDB(o Options, mariadbd, dir string, cred *syscall.Credential) (*Database, error) {
	template, err := mariadbTemplate(dir, cred)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	data, first := filepath.Join(dir, "data"), filepath.Join(dir, "init.sql")
	if err := run(nil, dir, "cp", "-a", "--sparse=always", template, data); err != nil {
		return nil, err
	}
	zone, err := mariadbZone("Europe/Berlin")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(first, []byte(mariadbInit+zone), 0o644); err != nil {
		return nil, err
	}
	if err := give(dir, cred); err != nil {
		return nil, err
	}
	argv := []string{mariadbd, "--no-defaults", "--datadir=" + data, "--socket=" + filepath.Join(dir, "socket"),
		"--port=" + strconv.Itoa(port), "--bind-address=127.0.0.1", "--pid-file=" + filepath.Join(dir, "pid"),
		"--init-file=" + first, "--skip-name-resolve", "--skip-log-bin", "--character-set-server=utf8mb4",
		"--innodb-buffer-pool-size=64M", "--innodb-log-file-size=" + mariadbLog, "--performance-schema=OFF"}
	if !o.Durable {
		argv = append(argv, "--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0")
	}
	for _, s := range o.Settings {
		argv = append(argv, "--"+strings.ReplaceAll(s, "_", "-"))
	}
	d := &Database{
		Addr: fmt.Sprintf("127.0.0.1:%d", port), driver: "mysql", dir: dir, admin: "mysql",
		dsn:  func(db string) string { return fmt.Sprintf("inbasket:test-only@tcp(127.0.0.1:%d)/%s", port, db) },
		proc: &process{argv: argv, dir: dir, cred: cred, die: syscall.SIGKILL},
	}
	d.stop = d.proc.stop
	if err := d.Start(); err != nil {
		d.Kill()
		return nil, err
	}
	return d, nil
}

const mariadbLog = "16M"

// mariadbTemplate returns the machine's empty data folder, making it when it is not there yet. Several
// processes may make it at once; the first to rename wins.
func mariadbTemplate(dir string, cred *syscall.Credential) (string, error) {
	install, err := program([]string{"/usr/bin"}, "mariadb-install-db", "mysql_install_db")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Dir(dir)
	}
	info, err := os.Stat(install)
	if err != nil {
		return "", err
	}
	template := filepath.Join(cache, "inbasket-test", fmt.Sprintf("mariadb-%d", info.ModTime().Unix()))
	if _, err := os.Stat(filepath.Join(template, "mysql")); err == nil {
		return template, nil
	}
	if err := os.MkdirAll(filepath.Dir(template), 0o755); err != nil {
		return "", err
	}
	fresh := filepath.Join(dir, "template")
	if err := os.Mkdir(fresh, 0o755); err != nil {
		return "", err
	}
	if err := give(dir, cred); err != nil {
		return "", err
	}
	err = run(cred, dir, install, "--no-defaults", "--datadir="+fresh, "--auth-root-authentication-method=normal",
		"--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size="+mariadbLog, "--innodb-flush-log-at-trx-commit=2")
	if err != nil {
		return "", err
	}
	own := template + "." + strconv.Itoa(os.Getpid())
	if err := run(nil, dir, "cp", "-a", "--sparse=always", fresh, own); err != nil {
		return "", err
	}
	if err := os.Rename(own, template); err != nil {
		os.RemoveAll(own)
		if _, err := os.Stat(filepath.Join(template, "mysql")); err != nil {
			return "", err
		}
	}
	return template, os.RemoveAll(fresh)
}
