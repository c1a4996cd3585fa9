package ir

// precedences are Go's, below them that of =>.
var precedences = map[string]int{
	"=>": 1,
	"||": 2,
	"&&": 3,
	"==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4,
	"+": 5, "-": 5, "|": 5, "^": 5,
	"*": 6, "/": 6, "%": 6, "<<": 6, ">>": 6, "&": 6,
}

const (
	comparisonPrecedence = 4
	unaryPrecedence      = 7
	postfixPrecedence    = 8
)

// Precedence returns how tightly a binary operator binds, from 1, or 0 for
// anything else. All associate to the left but =>.
func Precedence(op string) int { return precedences[op] }
