scheme s { code : ; value = ; }
