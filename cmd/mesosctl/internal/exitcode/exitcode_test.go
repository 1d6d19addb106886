package exitcode

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mesosctl/mesosctl/mesos"
)

func TestOf(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errors.New("it broke"), 1},
		{mesos.Errorf(mesos.NotFound, "x"), 1},
		{mesos.Errorf(mesos.Invalid, "x"), 2},
		{mesos.Errorf(mesos.Unsupported, "x"), 2},
		{UsageError(errors.New("x")), 2},
		{UsageError(mesos.Errorf(mesos.Unavailable, "x")), 3},
		{fmt.Errorf("outer: %w", mesos.Errorf(mesos.Unavailable, "x")), 3},
		{mesos.Errorf(mesos.Unauthenticated, "x"), 4},
		{mesos.Errorf(mesos.Forbidden, "x"), 4},
		{mesos.Errorf(mesos.TimedOut, "x"), 5},
		{Status(7), 7},
		{fmt.Errorf("outer: %w", Status(130)), 130},
	} {
		if got := Of(test.err); got != test.code {
			t.Errorf("%v exits with %d, want %d", test.err, got, test.code)
		}
	}
	if Silent(errors.New("x")) || !Silent(Status(3)) {
		t.Error("only a Status is silent")
	}
}

// The page for people says of each code what the program says.
func TestThePageSaysTheSame(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range Meanings {
		if row := fmt.Sprintf("| %d | %s |\n", m.Code, m.Text); !strings.Contains(string(page), row) {
			t.Errorf("docs/cli.md lacks %q", row)
		}
	}
}
