package supervise

// process appends a process with its length, so that it too may grow at its end.
func (e *encoder) process(p *Process) {
	inner := encoder{}
	inner.command(p)
	inner.container(p)
	e.string(string(inner.buf))
}

func (d *decoder) process(p *Process) {
	inner := decoder{buf: []byte(d.string())}
	inner.command(p)
	inner.container(p)
	d.bad = d.bad || inner.bad
}

// command appends what the first version of the protocol had.
func (e *encoder) command(p *Process) {
	e.string(p.Path)
	e.strings(p.Args)
	e.strings(p.Env)
	e.string(p.Dir)
	e.string(p.Stdout)
	e.string(p.Stderr)
	e.bool(p.User != nil)
	if p.User != nil {
		e.uint(uint64(p.User.UID))
		e.uint(uint64(p.User.GID))
		e.uint(uint64(len(p.User.Groups)))
		for _, gid := range p.User.Groups {
			e.uint(uint64(gid))
		}
	}
	e.uint(uint64(len(p.Rlimits)))
	for _, limit := range p.Rlimits {
		e.uint(uint64(limit.Resource))
		e.uint(limit.Soft)
		e.uint(limit.Hard)
	}
	e.uint(p.KeepSeconds)
}

func (d *decoder) command(p *Process) {
	p.Path = d.string()
	p.Args = d.strings()
	p.Env = d.strings()
	p.Dir = d.string()
	p.Stdout = d.string()
	p.Stderr = d.string()
	if d.bool() {
		p.User = &User{UID: uint32(d.uint()), GID: uint32(d.uint())}
		p.User.Groups = list[uint32](d)
		for i := range p.User.Groups {
			p.User.Groups[i] = uint32(d.uint())
		}
	}
	p.Rlimits = list[Rlimit](d)
	for i := range p.Rlimits {
		p.Rlimits[i] = Rlimit{Resource: int(d.uint()), Soft: d.uint(), Hard: d.uint()}
	}
	p.KeepSeconds = d.uint()
}

// container appends what makes a container of the process.
func (e *encoder) container(p *Process) {
	e.strings(p.Cgroups)
	e.uint(uint64(len(p.Join)))
	for _, ns := range p.Join {
		e.string(ns.Path)
		e.uint(ns.Kind)
	}
	e.uint(p.Namespaces)
	e.string(p.Hostname)
	e.uint(uint64(len(p.Mounts)))
	for i := range p.Mounts {
		e.mount(&p.Mounts[i])
	}
	e.string(p.Root)
	e.bool(p.Capabilities != nil)
	if p.Capabilities != nil {
		for _, set := range p.Capabilities.sets() {
			e.uint(*set)
		}
	}
	e.bool(p.NoNewPrivileges)
	e.string(string(p.Seccomp))
	e.bool(p.Pause)
	e.bool(p.Terminal != nil)
	if p.Terminal != nil {
		e.uint(uint64(p.Terminal.Rows))
		e.uint(uint64(p.Terminal.Columns))
	}
	e.bool(p.Stdin)
	e.uint(p.Logs.StdoutBytes)
	e.uint(p.Logs.StderrBytes)
	e.uint(p.Logs.StdoutKeep)
	e.uint(p.Logs.StderrKeep)
}

func (d *decoder) container(p *Process) {
	p.Cgroups = d.strings()
	p.Join = list[Namespace](d)
	for i := range p.Join {
		p.Join[i] = Namespace{Path: d.string(), Kind: d.uint()}
	}
	p.Namespaces = d.uint()
	p.Hostname = d.string()
	p.Mounts = list[Mount](d)
	for i := range p.Mounts {
		d.mount(&p.Mounts[i])
	}
	p.Root = d.string()
	if d.bool() {
		p.Capabilities = &Capabilities{}
		for _, set := range p.Capabilities.sets() {
			*set = d.uint()
		}
	}
	p.NoNewPrivileges = d.bool()
	if filter := d.string(); filter != "" {
		p.Seccomp = []byte(filter)
	}
	p.Pause = d.bool()
	if d.bool() {
		p.Terminal = &Window{Rows: uint16(d.uint()), Columns: uint16(d.uint())}
	}
	p.Stdin = d.bool()
	p.Logs = Logs{StdoutBytes: d.uint(), StderrBytes: d.uint(), StdoutKeep: d.uint(), StderrKeep: d.uint()}
}

func (c *Capabilities) sets() [5]*uint64 {
	return [5]*uint64{&c.Bounding, &c.Effective, &c.Permitted, &c.Inheritable, &c.Ambient}
}

func (e *encoder) mount(m *Mount) {
	e.string(m.Source)
	e.string(m.Target)
	e.bool(m.Make)
	e.string(m.Type)
	e.uint(m.Flags)
	e.string(m.Data)
	e.uint(m.Mode)
	e.uint(m.Device)
	e.bool(m.Link)
	e.bool(m.Fixed)
	e.string(m.Namespace)
}

func (d *decoder) mount(m *Mount) {
	m.Source = d.string()
	m.Target = d.string()
	m.Make = d.bool()
	m.Type = d.string()
	m.Flags = d.uint()
	m.Data = d.string()
	m.Mode = d.uint()
	m.Device = d.uint()
	m.Link = d.bool()
	m.Fixed = d.bool()
	m.Namespace = d.string()
}

func (e *encoder) bool(v bool) {
	if v {
		e.uint(1)
	} else {
		e.uint(0)
	}
}

func (d *decoder) bool() bool { return d.uint() == 1 }
