// Package realdata holds no code: its tests run the rooms together over real event files with published
// answers. They look for the files in the directory named by MILLRACE_TESTDATA, or in ../shared beside the
// repository, and skip with a message where there are none.
package realdata
