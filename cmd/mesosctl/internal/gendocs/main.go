// Command gendocs writes the completion scripts and manual pages of the command
// tree into completions/ and man/ below the current directory.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/app"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/completion"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/command/root"
	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/iostreams"
)

func main() {
	if err := generate("."); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

// completionFiles are the names that the shells look for.
var completionFiles = map[string]string{
	"bash": "mesosctl.bash", "zsh": "_mesosctl", "fish": "mesosctl.fish", "powershell": "mesosctl.ps1",
}

func generate(dir string) error {
	tree := root.New(&app.App{IO: &iostreams.Streams{Out: os.Stdout, Err: os.Stderr}})
	files := map[string][]byte{}
	for shell, name := range completionFiles {
		var script bytes.Buffer
		if err := completion.Write(tree, shell, &script); err != nil {
			return err
		}
		files[filepath.Join("completions", name)] = script.Bytes()
	}
	pages(tree, files)
	for _, sub := range []string{"completions", "man"} {
		if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil { // pages of commands that are no more
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pages adds the manual pages of a command and of those below it.
func pages(cmd *cobra.Command, files map[string][]byte) {
	if cmd.Hidden || cmd.Name() == "help" {
		return
	}
	files[filepath.Join("man", pageName(cmd)+".1")] = page(cmd)
	for _, sub := range cmd.Commands() {
		pages(sub, files)
	}
}
