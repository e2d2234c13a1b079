BBBBBBB BBBBBBBBBBBBBBBBBBBBB
BBBB BBBB
BBBBB BBBBB gettext(u'Sign-in is closed') BBBBBBBB
BBBBB BBBB
XXXX gettext(u'Sign-in is closed') XXXXX
XXX gettext(u'This sign-in was closed. Please call us if that is a mistake.') XXXX
XXXX XXXXXXXXXXXXXXXXXXXXXXXXX XXXXXXBBB BBBBBBBBBBBBBBBXX gettext(u'Back to sign-in') XXXXXXXXXX
BBBBBBBB
