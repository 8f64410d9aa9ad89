package decode

// The codes of errors; stable and documented.
const (
	CodeFormat       = "decode.format"        // the format is not one that the agent decodes; name one in the mapping
	CodeEmpty        = "decode.empty"         // the input is empty; the sender should send the form again
	CodeSyntax       = "decode.syntax"        // the input is not well formed; the sender has to mend it
	CodeTrailing     = "decode.trailing"      // something follows the end of the form; the sender has to remove it
	CodeUTF8         = "decode.utf8"          // a text is not valid in its character set; the sender has to mend it
	CodeCharset      = "decode.charset"       // the declared character set is not known, or the content type names another one; send UTF-8 and say so in both places
	CodeDuplicate    = "decode.duplicate-key" // a name stands twice where one value is expected; declare the list in the mapping or mend the form
	CodeNumber       = "decode.number"        // a number is out of any sensible range; mend the form
	CodeSize         = "decode.size"          // the input is larger than the limit; raise input.limits or refuse such forms
	CodeDepth        = "decode.depth"         // the input is nested deeper than the limit; raise input.limits or refuse such forms
	CodeNodes        = "decode.nodes"         // the input has more values than the limit; raise input.limits or refuse such forms
	CodeText         = "decode.text"          // one text is longer than the limit; raise input.limits or refuse such forms
	CodeBinary       = "decode.binary"        // content in base64, such as a file or a signature, is larger than the limit; raise input.limits.binary or refuse such forms
	CodeDTD          = "decode.xml-dtd"       // the XML has a document type; those are refused because of entity attacks
	CodeEntity       = "decode.xml-entity"    // the XML uses an entity that it would have to define; write the character itself
	CodeMixed        = "decode.xml-mixed"     // a text goes on behind an element that stands in it, and would lose its order; a form has fields: give the text an element of its own, or send it as CDATA
	CodeNamespace    = "decode.xml-namespace" // elements of one name in two namespaces stand side by side, and would be taken for the same; use another name, or take one of them out
	CodeColumns      = "decode.columns"       // a line does not have the columns of the header, or the header has none of those that the mapping reads; mend the file, or input.csv of the mapping
	CodeWidth        = "decode.width"         // a fixed-width line does not have the declared length; mend the file or the field list
	CodeType         = "decode.type"          // a field does not have the declared type; mend the file or the field list
	CodeNotOneRecord = "decode.not-one"       // exactly one record was expected; mend the file or drop `single`
	CodeHTML         = "decode.mail-html"     // the text of a mail is there in HTML only, in which fields cannot be told; have the sender send text
	CodeEncrypted    = "decode.encrypted"     // the form is encrypted, or signed so that it cannot be read; have the sender send it without, or decrypt it and put it into the in-basket
	CodeXFA          = "decode.pdf-xfa"       // the form in a PDF is an XFA form, which only few programs can read; have the sender save it as a plain PDF form (AcroForm), or enter it by hand and reject this
	CodeNoFields     = "decode.pdf-fields"    // a PDF has no form fields, as one that was printed or scanned; ask the sender for the PDF form itself, then reject this
	CodeForms        = "decode.forms"         // a file of several forms cannot be taken apart, or one form was expected and there are several; mend the file or input.forms of the mapping, put the file into its in-basket again, and reject this
)
