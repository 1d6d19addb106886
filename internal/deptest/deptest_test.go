package deptest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mesosctl/mesosctl/"

// room is one row of the table "who may import whom".
type room struct {
	// path is the room's package; a trailing slash includes what is below it.
	path string
	// may lists the rooms of this module that it may import, in the same form.
	may []string
	// why is the reason, printed when the rule is broken.
	why string
}

var vocabulary = []string{"mesos/", "wire/"}

// rooms is in order: the first row that fits a package is its rule.
var rooms = []room{
	{"mesos/allocation", []string{"mesos", "mesos/resources"}, "the language between master and allocator is plain data"},
	{"mesos/", []string{"mesos/"}, "the vocabulary is for every room, so it depends on none"},
	{"wire/convert", []string{"mesos/", "wire/"}, "conversion joins the wire to the vocabulary and knows nothing else"},
	{"wire/", []string{"mesos", "wire/"}, "the protocol knows no room that speaks it"},

	{"allocator", vocabulary, "a core never imports another: the allocator must run behind a socket too"},
	{"allocator/simulate", append([]string{"allocator"}, vocabulary...), "it runs the allocator as it is, and nothing else of a cluster"},
	{"allocator/remote", append([]string{"link/", "internal/"}, vocabulary...), "it carries the language of allocators and knows no policy"},
	{"allocator/firstfit", vocabulary, "an example is written against the language alone, as somebody else's policy would be"},
	{"master", vocabulary, "a core never imports another: the simulator joins them in its own way"},
	{"agent/gc", nil, "what is removed when is a matter of paths and times"},
	{"agent/workdir", []string{"mesos"}, "it knows directories; what they are for is the core's"},
	{"agent", append([]string{"agent/gc"}, vocabulary...), "a core never imports another, and never the shells that serve it"},
	{"agent/machine", vocabulary, "discovery looks at the machine, not at the core"},
	{"agent/modules", []string{"mesos"}, "it reads names and parameters; who has them makes something of them"},
	{"agent/oversubscribe", append([]string{"agent/modules"}, vocabulary...), "an estimator sees what is used, and nothing of the agent"},
	{"agent/checkpoint", nil, "it keeps bytes; what they mean is the core's"},
	{"agent/container/", append([]string{"agent/container/", "agent/modules", "internal/"}, vocabulary...), "containers serve the agent's shell through an interface"},
	{"agent/executor/", append([]string{"agent/container/", "agent/executor/"}, vocabulary...), "an executor sees the agent only through the executor API"},
	{"registry/", append([]string{"master"}, vocabulary...), "the registry keeps what the master writes"},
	{"authn/", []string{"mesos"}, "who sends a request is found out before anything is decided"},
	{"link/", append([]string{"internal/crew"}, vocabulary...), "the connection carries messages and decides nothing"},
	{"httpapi/", append([]string{"httpapi/", "link/", "authn/"}, vocabulary...), "HTTP servers decode and encode: decisions are the cores'"},
	{"client/", append([]string{"client/"}, vocabulary...), "the client works against any master, also one of Apache Mesos"},
	{"exec/", append([]string{"client/", "exec/"}, vocabulary...), "execute is a framework like any other"},
	{"kinds/", append([]string{"client/", "kinds/"}, vocabulary...), "what a cluster has is the same for commands and the live view, and asked of its API only"},
	{"tui/", append([]string{"client/", "kinds/", "tui/"}, vocabulary...), "the terminal sees a cluster only through its API"},
	{"sim/", append([]string{"allocator", "allocator/firstfit", "master", "agent", "sim/"}, vocabulary...), "the simulator replaces every shell"},
	{"daemon/", []string{"mesos/", "wire/", "allocator/", "master", "agent/", "registry/", "link/", "authn/", "httpapi/", "client/", "daemon/", "internal/"}, "the composition root joins what is below it"},
	{"bench/", []string{"mesos/", "wire/", "allocator/", "master", "agent/", "registry/", "link/", "httpapi/", "client/", "daemon/", "sim/", "exec/", "tui/", "bench/", "internal/"}, "a benchmark may measure anything but the command line"},
	{"cmd/", []string{"cmd/", "daemon/", "exec/", "tui/", "kinds/", "client/", "sim/", "bench/", "internal/", "allocator/simulate", "mesos/", "wire/"}, "a command parses, then calls the room that does the work"},
	{"fire", nil, "it has tests only, which start the binary"},
	{"internal/", []string{"internal/"}, "what drives cores and checks the build knows none of the rooms"},
}

// cores decide; whatever makes a decision depend on more than its inputs is forbidden.
var cores = []string{
	"allocator", "allocator/firstfit", "allocator/simulate", "master", "agent", "agent/gc", "mesos", "mesos/resources", "mesos/allocation", "mesos/acl",
	"tui/cluster", "tui/order",
}

var impure = []string{
	"net", "net/http", "os", "os/exec", "os/signal", "syscall", "log", "log/slog", "sync",
	"math/rand", "math/rand/v2", "crypto/rand", "context",
	"go.etcd.io/...", "google.golang.org/grpc/...",
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

// within reports whether a package (relative to the module) is of a room.
func within(pkg, path string) bool {
	if dir, below := strings.CutSuffix(path, "/"); below {
		return pkg == dir || strings.HasPrefix(pkg, path)
	}
	return pkg == path
}

func ruleOf(pkg string) (room, error) {
	for _, r := range rooms {
		if within(pkg, r.path) {
			return r, nil
		}
	}
	return room{}, fmt.Errorf("%s: no row of the table says what it may import", pkg)
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, module)
		rule, err := ruleOf(pkg)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, imported := range p.Imports {
			other, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			if !slices.ContainsFunc(rule.may, func(path string) bool { return within(other, path) }) {
				t.Errorf("%s imports %s: %s", pkg, other, rule.why)
			}
		}
	}
}

func TestCoresTouchNothingButTheirInputs(t *testing.T) {
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, module)
		if !slices.Contains(cores, pkg) {
			continue
		}
		for _, imported := range p.Imports {
			for _, bad := range impure {
				prefix, tree := strings.CutSuffix(bad, "...")
				if imported == bad || tree && strings.HasPrefix(imported, prefix) {
					t.Errorf("core %s imports %s: a core is a function of its inputs", pkg, imported)
				}
			}
		}
	}
}

func TestVocabularyIsStandardLibraryOnly(t *testing.T) {
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, module)
		if !within(pkg, "mesos/") {
			continue
		}
		for _, imported := range p.Imports {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") && !strings.HasPrefix(imported, module) {
				t.Errorf("%s imports %s: the vocabulary needs the standard library only", pkg, imported)
			}
		}
	}
}
