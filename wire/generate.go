package wire

// buf compiles the .proto files and runs the plugins. It is pinned in a module
// of its own, since the product needs none of what it depends on. Nothing is
// fetched beyond these modules.
//
//go:generate go tool -modfile=../tools/go.mod buf generate
