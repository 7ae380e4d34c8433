package streamtest

// RaceEnabled is for the tests of this package.
const RaceEnabled = raceEnabled
