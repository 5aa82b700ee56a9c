package sandbox

import "golang.org/x/sys/unix"

// processes lists the system's processes (sysctl(3), kern.proc.all).
func processes() []process {
	infos, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	all := make([]process, len(infos))
	for i, info := range infos {
		const zombie = 5 // SZOMB of sys/proc.h
		all[i] = process{pid: int(info.Proc.P_pid), parent: int(info.Eproc.Ppid), zombie: info.Proc.P_stat == zombie}
	}
	return all
}
