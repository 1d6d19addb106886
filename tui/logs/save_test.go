package logs

import "io"

func saveTo(text *string) func(string, io.Reader) (string, error) {
	return func(name string, from io.Reader) (string, error) {
		data, err := io.ReadAll(from)
		*text = string(data)
		return name, err
	}
}
