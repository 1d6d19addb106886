package page

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"

	"github.com/mesosctl/mesosctl/mesos"
)

// Filter is what a "/" prompt says: a regular expression that ignores case; with
// "!" before it what doesn't match; with "-f " before it the letters of a word in
// their order, whatever is between them. The zero Filter lets everything pass.
type Filter struct {
	text   string
	invert bool
	fuzzy  []rune
	regex  *regexp.Regexp
	plain  string // lower case; in place of a regex without meta characters
}

// ParseFilter reads what was typed at the prompt.
func ParseFilter(text string) (Filter, error) {
	f := Filter{text: text}
	rest := strings.TrimSpace(text)
	if after, ok := strings.CutPrefix(rest, "!"); ok {
		f.invert, rest = true, strings.TrimSpace(after)
	}
	if after, ok := strings.CutPrefix(rest, "-f"); ok && (after == "" || after[0] == ' ') {
		f.fuzzy = []rune(strings.ToLower(strings.TrimSpace(after)))
		return f, nil
	}
	if rest == regexp.QuoteMeta(rest) {
		f.plain = strings.ToLower(rest)
		return f, nil
	}
	regex, err := regexp.Compile("(?i)" + rest)
	if err != nil {
		var wrong *syntax.Error
		if errors.As(err, &wrong) { // its own text has more in it than was typed
			return Filter{}, mesos.Errorf(mesos.Invalid, "filter %q is no regular expression: %s", rest, wrong.Code)
		}
		return Filter{}, mesos.Errorf(mesos.Invalid, "filter %q: %w", rest, err)
	}
	f.regex = regex
	return f, nil
}

// String is what was typed.
func (f Filter) String() string { return f.text }

// Empty reports whether everything passes.
func (f Filter) Empty() bool { return f.plain == "" && f.regex == nil && len(f.fuzzy) == 0 }

// Match reports whether a thing passes whose texts these are: one of them must match;
// of an inverse filter, none may.
func (f Filter) Match(texts ...string) bool {
	if f.Empty() {
		return true
	}
	for _, text := range texts {
		if f.matches(text) {
			return !f.invert
		}
	}
	return f.invert
}

func (f Filter) matches(text string) bool {
	switch {
	case f.regex != nil:
		return f.regex.MatchString(text)
	case f.fuzzy != nil:
		return fuzzy(text, f.fuzzy)
	}
	return contains(text, f.plain)
}

// Find is where the filter's expression is in a line, for highlighting: pairs of
// byte offsets. Of an inverse or fuzzy filter there is nothing to show.
func (f Filter) Find(line string) [][]int {
	switch {
	case f.Empty() || f.invert || f.fuzzy != nil:
		return nil
	case f.regex != nil:
		return f.regex.FindAllStringIndex(line, -1)
	}
	var found [][]int
	for i := 0; i+len(f.plain) <= len(line); {
		if !strings.EqualFold(line[i:i+len(f.plain)], f.plain) {
			i++
			continue
		}
		found = append(found, []int{i, i + len(f.plain)})
		i += len(f.plain)
	}
	return found
}

// contains is strings.Contains without regard to case; word is in lower case.
func contains(line, word string) bool {
	first := rune(word[0])
	upper := unicode.ToUpper(first)
	for i := 0; i+len(word) <= len(line); i++ {
		if c := rune(line[i]); (c == first || c == upper || c >= 0x80) && strings.EqualFold(line[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

func fuzzy(line string, letters []rune) bool {
	for _, r := range line {
		if len(letters) > 0 && unicode.ToLower(r) == letters[0] {
			letters = letters[1:]
		}
	}
	return len(letters) == 0
}
