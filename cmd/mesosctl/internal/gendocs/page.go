package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mesosctl/mesosctl/cmd/mesosctl/internal/exitcode"
)

func pageName(cmd *cobra.Command) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", "-")
}

// page is a manual page in the man macros. It has no date, so that it changes
// only with the command.
func page(cmd *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH %s 1 \"\" mesosctl \"User Commands\"\n", strings.ToUpper(pageName(cmd)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", escape(pageName(cmd)), escape(lowerFirst(cmd.Short)))
	b.WriteString(".SH SYNOPSIS\n")
	for i, line := range strings.Split(synopsis(cmd), " | ") {
		if i > 0 {
			b.WriteString(".br\n")
			line = cmd.CommandPath() + strings.TrimPrefix(line, cmd.Name())
		}
		fmt.Fprintf(&b, "\\fB%s\\fR%s\n", escape(cmd.CommandPath()), escape(strings.TrimPrefix(line, cmd.CommandPath())))
	}
	b.WriteString(".SH DESCRIPTION\n")
	paragraphs(&b, description(cmd))
	options(&b, "OPTIONS", cmd.NonInheritedFlags())
	options(&b, "OPTIONS OF EVERY COMMAND", cmd.InheritedFlags())
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", escape(cmd.Example))
	}
	exitStatus(&b)
	also(&b, cmd)
	return b.Bytes()
}

func exitStatus(b *bytes.Buffer) {
	b.WriteString(".SH EXIT STATUS\n")
	for _, m := range exitcode.Meanings {
		fmt.Fprintf(b, ".TP\n\\fB%d\\fR\n%s\n", m.Code, escape(m.Text))
	}
	fmt.Fprintf(b, ".PP\n%s.\n", escape(exitcode.Passed))
}

func synopsis(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return cmd.CommandPath() + " COMMAND [flags]"
	}
	return cmd.UseLine()
}

func description(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return cmd.Short + "."
}

func paragraphs(b *bytes.Buffer, text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(escape(paragraph) + "\n")
	}
}

func options(b *bytes.Buffer, title string, set *pflag.FlagSet) {
	if !set.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		b.WriteString(".TP\n")
		if f.Shorthand != "" {
			fmt.Fprintf(b, "\\fB\\-%s\\fR, ", f.Shorthand)
		}
		fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", escape(f.Name))
		if value != "" && f.NoOptDefVal == "" {
			fmt.Fprintf(b, "=\\fI%s\\fR", escape(value))
		}
		b.WriteString("\n" + escape(usage))
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" {
			fmt.Fprintf(b, " (default %s)", escape(f.DefValue))
		}
		b.WriteString("\n")
	})
}

func also(b *bytes.Buffer, cmd *cobra.Command) {
	var names []string
	if cmd.HasParent() {
		names = append(names, pageName(cmd.Parent()))
	}
	for _, sub := range cmd.Commands() {
		if !sub.Hidden && sub.Name() != "help" {
			names = append(names, pageName(sub))
		}
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("\\fB%s\\fR(1)", escape(name))
	}
	fmt.Fprintf(b, ".SH SEE ALSO\n%s\n", strings.Join(names, ", "))
}

// escape keeps roff from reading text as its own.
func escape(text string) string {
	text = strings.ReplaceAll(text, `\`, `\e`)
	text = strings.ReplaceAll(text, "-", `\-`)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
