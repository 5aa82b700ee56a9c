package lint

// Rules are all rules, in the order of the documentation: a new one is a file
// rule_NAME.go and a line here.
func Rules() []*Rule {
	return []*Rule{
		// Files and manifests
		&unreadableDeck,
		&tooLarge,
		&notText,
		&manifestSyntax,
		&manifestKey,
		&manifestValue,
		&emptyManifest,
		&missingFile,
		&badPath,
		&includeCycle,
		&duplicateChapter,
		&renamedChapter,
		&unknownChapter,
		&needsCycle,
		&substitution,
		// Slides
		&separatorBlank,
		&separatorInBlock,
		&swallowedProperty,
		&slideOverflow,
		&duplicateSlide,
		&duplicateTitle,
		&missingTarget,
		&invisibleText,
		&unclosedBlock,
		&strayBracket,
		&unclosedComment,
		// Exercises
		&unclosedExercise,
		&emptyExercise,
		&unknownBlock,
		&unclosedFence,
		&stepOutside,
		&fenceWithoutWord,
		&fenceArguments,
		&shellNotRun,
		&unknownDirective,
		&skippedStep,
		&badStep,
		&noSnippet,
		// What is typed
		&backticks,
		&invisibleChar,
		&noBreakSpace,
		&smartPunctuation,
		&pastedPrompt,
		&brokenContinuation,
		&shellSyntax,
		&placeholder,
		// How it runs
		&neverEnds,
		&typesIntoProgram,
		&keyToNothing,
		&waitCannotFail,
		&fixedSleep,
		&endsShell,
		// The report itself
		&badIgnore,
		&unusedIgnore,
		&tooManyErrors,
		&tooManyWarnings,
	}
}
