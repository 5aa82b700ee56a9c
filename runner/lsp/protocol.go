package lsp

// The messages of the Language Server Protocol 3.17 that this server supports.

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"` // UTF-16 code units
}

type span struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

type location struct {
	URI   string `json:"uri"`
	Range span   `json:"range"`
}

type textDocument struct {
	URI     string `json:"uri"`
	Version int    `json:"version"`
}

type (
	initializeParams struct {
		RootURI          string   `json:"rootUri"`
		WorkspaceFolders []folder `json:"workspaceFolders"`
		Capabilities     struct {
			Workspace struct {
				DidChangeWatchedFiles struct {
					DynamicRegistration bool `json:"dynamicRegistration"`
				} `json:"didChangeWatchedFiles"`
			} `json:"workspace"`
		} `json:"capabilities"`
	}
	folder struct {
		URI string `json:"uri"`
	}
	initializeResult struct {
		Capabilities capabilities `json:"capabilities"`
		ServerInfo   serverInfo   `json:"serverInfo"`
	}
	serverInfo struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	capabilities struct {
		PositionEncoding       string            `json:"positionEncoding"`
		TextDocumentSync       syncOptions       `json:"textDocumentSync"`
		HoverProvider          bool              `json:"hoverProvider"`
		DefinitionProvider     bool              `json:"definitionProvider"`
		DocumentSymbolProvider bool              `json:"documentSymbolProvider"`
		CodeActionProvider     codeActionOptions `json:"codeActionProvider"`
		CompletionProvider     completionOptions `json:"completionProvider"`
		CodeLensProvider       struct{}          `json:"codeLensProvider"`
		ExecuteCommandProvider commandOptions    `json:"executeCommandProvider"`
		Workspace              workspaceOptions  `json:"workspace"`
	}
	syncOptions struct {
		OpenClose bool     `json:"openClose"`
		Change    int      `json:"change"`
		Save      struct{} `json:"save"`
	}
	codeActionOptions struct {
		Kinds []string `json:"codeActionKinds"`
	}
	completionOptions struct {
		TriggerCharacters []string `json:"triggerCharacters"`
	}
	commandOptions struct {
		Commands []string `json:"commands"`
	}
	workspaceOptions struct {
		WorkspaceFolders struct {
			Supported           bool `json:"supported"`
			ChangeNotifications bool `json:"changeNotifications"`
		} `json:"workspaceFolders"`
	}
)

// incremental is the kind of synchronisation in which the client sends edits.
const incremental = 2

type (
	didOpenParams struct {
		TextDocument struct {
			textDocument
			Text string `json:"text"`
		} `json:"textDocument"`
	}
	didChangeParams struct {
		TextDocument   textDocument `json:"textDocument"`
		ContentChanges []change     `json:"contentChanges"`
	}
	// change replaces a range, or the whole text if there is no range.
	change struct {
		Range *span  `json:"range"`
		Text  string `json:"text"`
	}
	documentParams struct {
		TextDocument textDocument `json:"textDocument"`
	}
	positionParams struct {
		TextDocument textDocument `json:"textDocument"`
		Position     position     `json:"position"`
	}
	watchedParams struct {
		Changes []struct {
			URI string `json:"uri"`
		} `json:"changes"`
	}
	foldersParams struct {
		Event struct {
			Added   []folder `json:"added"`
			Removed []folder `json:"removed"`
		} `json:"event"`
	}
	cancelParams struct {
		ID rawID `json:"id"`
	}
	commandParams struct {
		Command   string   `json:"command"`
		Arguments []string `json:"arguments"`
	}
	codeActionParams struct {
		TextDocument textDocument `json:"textDocument"`
		Range        span         `json:"range"`
	}
)

// rawID is the id of a request in its original form.
type rawID string

func (id *rawID) UnmarshalJSON(b []byte) error {
	*id = rawID(b)
	return nil
}

type (
	publishParams struct {
		URI         string       `json:"uri"`
		Version     *int         `json:"version,omitempty"`
		Diagnostics []diagnostic `json:"diagnostics"`
	}
	diagnostic struct {
		Range    span   `json:"range"`
		Severity int    `json:"severity"`
		Code     string `json:"code,omitempty"`
		Source   string `json:"source"`
		Message  string `json:"message"`
	}
	messageParams struct {
		Type    int    `json:"type"`
		Message string `json:"message"`
	}
	hoverResult struct {
		Contents markup `json:"contents"`
		Range    span   `json:"range"`
	}
	markup struct {
		Kind  string `json:"kind"`
		Value string `json:"value"`
	}
	completionList struct {
		IsIncomplete bool             `json:"isIncomplete"`
		Items        []completionItem `json:"items"`
	}
	completionItem struct {
		Label         string   `json:"label"`
		Kind          int      `json:"kind"`
		Detail        string   `json:"detail,omitempty"`
		Documentation *markup  `json:"documentation,omitempty"`
		SortText      string   `json:"sortText,omitempty"`
		TextEdit      textEdit `json:"textEdit"`
	}
	textEdit struct {
		Range   span   `json:"range"`
		NewText string `json:"newText"`
	}
	symbol struct {
		Name           string   `json:"name"`
		Detail         string   `json:"detail,omitempty"`
		Kind           int      `json:"kind"`
		Range          span     `json:"range"`
		SelectionRange span     `json:"selectionRange"`
		Children       []symbol `json:"children,omitempty"`
	}
	codeLens struct {
		Range   span    `json:"range"`
		Command command `json:"command"`
	}
	command struct {
		Title     string   `json:"title"`
		Command   string   `json:"command"`
		Arguments []string `json:"arguments"`
	}
	codeAction struct {
		Title       string        `json:"title"`
		Kind        string        `json:"kind"`
		Diagnostics []diagnostic  `json:"diagnostics"`
		IsPreferred bool          `json:"isPreferred"`
		Edit        workspaceEdit `json:"edit"`
	}
	workspaceEdit struct {
		Changes map[string][]textEdit `json:"changes"`
	}
	registrationParams struct {
		Registrations []registration `json:"registrations"`
	}
	registration struct {
		ID              string       `json:"id"`
		Method          string       `json:"method"`
		RegisterOptions watchOptions `json:"registerOptions"`
	}
	watchOptions struct {
		Watchers []watcher `json:"watchers"`
	}
	watcher struct {
		GlobPattern string `json:"globPattern"`
	}
)

// Severities of diagnostics and kinds of messages, items and symbols.
const (
	severityError   = 1
	severityWarning = 2
	messageInfo     = 3
	itemKeyword     = 14
	itemConstant    = 21
	symbolFile      = 1
	symbolPart      = 3  // a namespace
	symbolSlide     = 15 // a string, as headings are
	symbolExercise  = 12 // a function
)
