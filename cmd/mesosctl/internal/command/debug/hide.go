package debug

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
)

// hidden is what is there instead of a secret.
const hidden = "(hidden)"

// names are parts of names of what nobody else is to know.
const names = `secret|passw|passphrase|token|credential|authorization|private|api[-_]?key|access[-_]?key|jwt|cookie|signature`

var (
	// sensitive is the name of such a thing.
	sensitive = pattern(`(?i)` + names)
	// assigned is a text that gives such a thing a value: in a command, a URL's query, or a log.
	assigned = pattern(`(?i)([\w.-]*(?:` + names + `)[\w.-]*["']?(?:\s*[=:]\s*|\s+))(?:(?:basic|bearer)\s+)?("[^"]*"|'[^']*'|[^\s"'&,;]+)`)
	// userInfo is who logs in at a URL.
	userInfo = pattern(`(://)[^/\s@"']+@`)
	// bearer is a token wherever it is.
	bearer = pattern(`(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}`)
	// jsonToken is a signed token (RFC 7519).
	jsonToken = pattern(`\beyJ[\w-]+\.[\w-]+\.[\w-]*`)
)

// pattern is a regular expression that is compiled when it is first needed, which is
// not at the start of every other command.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// hideText is a text without what looks like a secret.
func hideText(text string) string {
	text = userInfo().ReplaceAllString(text, "${1}"+hidden+"@")
	text = jsonToken().ReplaceAllString(text, hidden)
	text = bearer().ReplaceAllString(text, "${1} "+hidden)
	return assigned().ReplaceAllString(text, "${1}"+hidden)
}

// hideJSON is JSON without secrets, indented for people. What is no JSON is a text.
func hideJSON(data []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return []byte(hideText(string(data)))
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(hide("", value)); err != nil {
		return []byte(hidden + "\n")
	}
	return out.Bytes()
}

// hide is a value of JSON without secrets; name is the field that it is of.
func hide(name string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		return hideObject(name, value)
	case []any:
		for i := range value {
			value[i] = hide(name, value[i])
		}
		return value
	case string:
		switch {
		case name == "data": // of tasks, executors and secrets: whatever bytes they are
			return hidden
		case sensitive().MatchString(name) && !isPlace(value):
			return hidden
		}
		return hideText(value)
	}
	return value
}

func hideObject(name string, object map[string]any) any {
	key, _ := object["name"].(string)
	if label, ok := object["key"].(string); ok {
		key = label
	}
	for field, value := range object {
		_, plain := value.(string)
		switch {
		case field == "value" && plain && (name == "variables" || sensitive().MatchString(key)):
			object[field] = hidden // of the environment, or of a label
		case name == "secret" && field == "value", name == "config" && field == "value" && !plain:
			object[field] = hidden
		default:
			object[field] = hide(field, value)
		}
	}
	return object
}

// isPlace reports whether a value only says where a secret is, or what kind of thing.
func isPlace(value string) bool {
	return strings.HasPrefix(value, "/") || strings.HasPrefix(value, "file://") || value == "" || value == "true" || value == "false"
}
