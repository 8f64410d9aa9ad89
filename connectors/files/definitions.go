package files

import (
	"path/filepath"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

// Definitions returns the connectors of this package: each place as in-basket, target and pick-up of answers.
func Definitions() []connectors.Definition {
	return []connectors.Definition{
		connectors.DefineInbasket("folder", "forms that lie in a folder", FolderDefaults,
			func(e connectors.Env, c FolderConfig) (connectors.Inbasket, error) { return NewInbasket(e, c) }),
		connectors.DefineInbasket("ftp", "forms that lie in a folder behind FTP, encrypted or not", FTPInbasketDefaults,
			func(e connectors.Env, c FTPIntakeConfig) (connectors.Inbasket, error) { return NewFTPInbasket(e, c) }),
		connectors.DefineTarget("folder", "files dropped into a folder", DropDefaults,
			func(e connectors.Env, c DropConfig) (connectors.Target, error) { return NewDrop(e, c) }),
		connectors.DefineTarget("ftp", "files sent by FTP, encrypted or not", FTPDefaults,
			func(e connectors.Env, c FTPConfig) (connectors.Target, error) { return NewFTP(e, c) }),
		connectors.DefineResults("folder", "answer files that lie in a folder, with documents beside them", AnswersDefaults,
			func(e connectors.Env, c FolderConfig) (connectors.ResultSource, error) { return NewAnswers(e, c) }),
		connectors.DefineResults("ftp", "answer files that lie in a folder behind FTP, with documents beside them", FTPAnswersDefaults,
			func(e connectors.Env, c FTPIntakeConfig) (connectors.ResultSource, error) { return NewFTPAnswers(e, c) }),
	}
}

// NewDrop opens a file drop into a local folder.
func NewDrop(env connectors.Env, cfg DropConfig) (*Drop, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Drop{
		place: &local.Place{Dir: env.Path(cfg.Path), Durable: cfg.Sync}, temps: newTempNames(cfg.Temp, DefaultTemp, oldTemp),
		proof: cfg.Proof, durable: cfg.Sync, workers: 4, section: "path",
		abilities: connectors.Abilities{Operations: connectors.OperationsOf(connectors.Put), Binary: true, MaxItems: 256, Parallel: 2, Guarantee: connectors.Guarantee{
			Level: "exact", Why: "the file has a fixed name and fixed bytes, is renamed into place and never put there twice"}},
	}, nil
}

// NewDropAt opens a file drop at another place.
func NewDropAt(p place.Place, a connectors.Abilities) *Drop {
	return &Drop{place: p, temps: newTempNames(DefaultTemp), workers: 1, section: "path", abilities: a}
}

// NewFTP opens a target that puts files into a folder behind FTP or FTPS. It connects when first used.
func NewFTP(env connectors.Env, cfg FTPConfig) (*Drop, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	temps := newTempNames(cfg.Temp)
	if cfg.Temp == DefaultTemp { // elsewhere the server may not even have such names
		temps = newTempNames(cfg.Temp, oldTemp)
	}
	return &Drop{
		place: ftp.New(env, cfg.Config, cfg.Verify == "read-back"), temps: temps, proof: cfg.Proof, workers: 1, section: "dir",
		abilities: connectors.Abilities{Operations: connectors.OperationsOf(connectors.Put), Binary: true, MaxItems: 64, Guarantee: connectors.Guarantee{
			Level: "parks-when-unclear", Why: "the file is sent under a temporary name, its size is compared, then it is renamed; what the server cannot tell apart parks"}},
	}, nil
}

// NewInbasket opens an in-basket folder; the folder itself is first touched by Next.
func NewInbasket(env connectors.Env, cfg FolderConfig) (*Inbasket, error) {
	s, err := folderSource(env, cfg)
	return &Inbasket{s}, err
}

// NewAnswers opens a folder of answer files; the folder itself is first touched by Next.
func NewAnswers(env connectors.Env, cfg FolderConfig) (*Answers, error) {
	s, err := folderSource(env, cfg)
	return answersOf(s), err
}

// NewFTPInbasket opens an in-basket behind FTP or FTPS. It connects when first used.
func NewFTPInbasket(env connectors.Env, cfg FTPIntakeConfig) (*Inbasket, error) {
	s, err := ftpSource(env, cfg)
	return &Inbasket{s}, err
}

// NewFTPAnswers opens a folder of answer files behind FTP or FTPS. It connects when first used.
func NewFTPAnswers(env connectors.Env, cfg FTPIntakeConfig) (*Answers, error) {
	s, err := ftpSource(env, cfg)
	return answersOf(s), err
}

func answersOf(s *source) *Answers {
	if s != nil {
		s.answers = true
	}
	return &Answers{s}
}

func folderSource(env connectors.Env, cfg FolderConfig) (*source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	dir := env.Path(cfg.Path)
	in := cfg.Intake
	in.After.Move, in.Errors = below(dir, in.After.Move), below(dir, in.Errors)
	s := newSource(env, in, &local.Place{Dir: dir, Durable: cfg.Sync, Leases: in.Marker == ""}, "", dir)
	s.events, s.sync = cfg.Events, cfg.Sync
	return s, nil
}

// below is a folder as it stands in a configuration, relative to dir.
func below(dir, folder string) string {
	if filepath.IsAbs(folder) {
		return folder
	}
	return filepath.Join(dir, folder)
}

func ftpSource(env connectors.Env, cfg FTPIntakeConfig) (*source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return newSource(env, cfg.Intake, ftp.New(env, cfg.Config, false), "ftp://"+cfg.Server(), cfg.Dir), nil
}
