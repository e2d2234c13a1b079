BBBBBBB BBBBBBBBBBBBBBBBBBBBB
BBBB BBBB BBBBB
BBBBB BBBBB gettext(u'Look into your mail') BBBBBBBB
BBBBB BBBB
XXXXBBBB BBBBBB  gettext(u'Look into your mail') XXXXX
XXX gettext(u'If the address is known to us, a mail with a link is on its way. It may take a few minutes, and it may lie among the junk mail.') XXXX
XXXX XXXXXXXXXXXXXXXXXXXXXXXXX XXXXXXBBB BBBBBBBBBBBBBBBXX gettext(u'Back to sign-in') XXXXXXXXXX
BBBBBBBB
