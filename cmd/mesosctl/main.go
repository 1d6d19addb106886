// Command mesosctl is the Mesos cluster manager as one program.
package main

import (
	"context"
	"os"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	_ "github.com/mesosctl/mesosctl/cmd/mesosctl/internal/collect" // when, not what
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/root"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
)

func main() {
	a := &app.App{Environ: os.Environ()}
	a.IO = iostreams.System(a.Getenv)
	os.Exit(root.Main(context.Background(), os.Args, a))
}
