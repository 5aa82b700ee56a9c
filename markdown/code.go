package markdown

// Code is the lasting name of a kind of mistake: a lookup by the code keeps working when the
// words of the message change.
type Code string

// The mistakes that are found while reading. Each has one severity: those of an
// [ErrorList] returned as an error stop a run, those of a deck's Warnings do not.
const (
	CodeUnreadableDeck    Code = "unreadable-deck"    // a named deck does not exist
	CodeTooLarge          Code = "too-large"          // a limit of the input
	CodeTooManyErrors     Code = "too-many-errors"    // a limit of the report
	CodeTooManyWarnings   Code = "too-many-warnings"  // the same for warnings
	CodeNotText           Code = "not-text"           // a NUL byte, invalid UTF-8
	CodeInvisible         Code = "invisible-char"     // an invisible character in a step
	CodeNoBreakSpace      Code = "no-break-space"     // a blank that no shell splits words at
	CodeManifestSyntax    Code = "manifest-syntax"    // not YAML, or not the mapping that a manifest is
	CodeManifestKey       Code = "manifest-key"       // a key that is unknown or given twice
	CodeManifestValue     Code = "manifest-value"     // a value of the wrong kind
	CodeEmptyManifest     Code = "empty-manifest"     // no content
	CodeMissingFile       Code = "missing-file"       // of a manifest or an include
	CodeMissingTarget     Code = "missing-target"     // of a link or an image
	CodeBadPath           Code = "bad-path"           // a file's name that is empty, absolute or leaves the repository
	CodeIncludeCycle      Code = "include-cycle"      // files that include each other, or too many levels of them
	CodeDuplicateChapter  Code = "duplicate-chapter"  // a name given twice
	CodeRenamedChapter    Code = "renamed-chapter"    // a name that got a number
	CodeUnknownChapter    Code = "unknown-chapter"    // needed, and not there
	CodeNeedsCycle        Code = "needs-cycle"        // a chapter that needs itself
	CodeSubstitution      Code = "substitution"       // @@NAME@@ without a value
	CodeSeparatorBlank    Code = "separator-blank"    // --- with a blank behind it
	CodeSeparatorInBlock  Code = "separator-in-block" // a separator that separates nothing
	CodeSwallowedProperty Code = "swallowed-property" // a line taken for a property
	CodeUnclosedExercise  Code = "unclosed-exercise"  // .exercise[ without its ]
	CodeEmptyExercise     Code = "empty-exercise"     // nothing to do, nothing to read
	CodeUnclosedBlock     Code = "unclosed-block"     // another .name[ without its ]
	CodeStrayBracket      Code = "stray-bracket"      // a ] that closes nothing
	CodeUnknownBlock      Code = "unknown-block"      // nearly an .exercise[
	CodeUnclosedFence     Code = "unclosed-fence"     // a fence or one-liner without an end
	CodeUnclosedComment   Code = "unclosed-comment"   // <!-- without its -->
	CodeCommentSpans      Code = "comment-spans"      // a comment whose end stands on a later slide
	CodeStepOutside       Code = "step-outside"       // a directive that stands in no exercise
	CodeFenceWithoutWord  Code = "fence-without-word" // a hidden fence that does nothing
	CodeFenceArguments    Code = "fence-arguments"    // words behind the directive of a fence of several lines
	CodeShellNotRun       Code = "shell-not-run"      // a fence of commands that are text and never run
	CodeNotCompared       Code = "not-compared"       // a line of an expected output of another style that nothing is compared with
	CodeMachineHome       Code = "machine-home"       // a path below /root in a scenario, which is the machine's own
	CodeNoPrompt          Code = "no-prompt"          // a console fence of another style without commands
	CodeTypedInclude      Code = "typed-include"      // an include of mdBook that is not replaced
	CodeRewrite           Code = "rewrite"            // a step that cannot get another body; not found while reading
)
