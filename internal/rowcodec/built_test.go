//go:build !purego

package rowcodec

var builtWalk walk = byAddress{}
